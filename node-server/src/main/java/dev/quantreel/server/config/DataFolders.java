package dev.quantreel.server.config;

import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.server.http.ModelIndex;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// The folders on disk, under ComfyUI's names. A file counts only while it really lies in its folder: links that lead
/// out of all folders of its kind are left out.
public final class DataFolders implements NodeFolders, ModelIndex {

    private static final Logger LOG = System.getLogger(DataFolders.class.getName());
    private static final Set<String> MODEL_EXTENSIONS =
            Set.of("safetensors", "sft", "gguf", "onnx", "ckpt", "pt", "pt2", "pth", "bin", "pkl");
    private static final String INPUT = "input";
    private static final int MAX_DEPTH = 8;

    private final ServerConfig config;
    private final Map<String, List<Path>> roots;

    public DataFolders(ServerConfig config) {
        this.config = config;
        this.roots = new LinkedHashMap<>(config.modelFolders());
    }

    @Override
    public Path output() {
        return config.output();
    }

    @Override
    public Path input() {
        return config.input();
    }

    @Override
    public Path temp() {
        return config.temp();
    }

    @Override
    public Path cache() {
        return config.cache();
    }

    @Override
    public List<String> folders() {
        return List.copyOf(roots.keySet());
    }

    @Override
    public List<Path> roots(String folder) {
        String name = ModelFolderKinds.present(folder);
        if (name.equals(INPUT)) {
            return List.of(config.input());
        }
        return Stream.concat(Stream.of(name), ModelFolderKinds.alsoIn(name).stream())
                .flatMap(kind -> roots.getOrDefault(kind, List.of()).stream())
                .distinct()
                .toList();
    }

    @Override
    public List<String> files(String folder) {
        TreeSet<String> names = new TreeSet<>();
        for (Path root : roots(folder)) {
            names.addAll(filesBelow(root, folder));
        }
        return List.copyOf(names);
    }

    private List<String> filesBelow(Path root, String folder) {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        List<String> names = new ArrayList<>();
        try {
            Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), MAX_DEPTH, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    Path relative = root.relativize(file);
                    boolean wanted = folder.equals(INPUT) || isModel(file);
                    if (wanted && attributes.isRegularFile() && !isHidden(relative) && isInside(file, folder)) {
                        names.add(relative.toString().replace('\\', '/'));
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException reason) {
                    return FileVisitResult.CONTINUE; // unreadable, or a link in a circle: the other files still count
                }
            });
        } catch (IOException e) {
            LOG.log(Level.WARNING, "folder " + root + " cannot be listed: " + e.getMessage());
        }
        return names;
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    /// Shards are offered as their index.
    private static boolean isModel(Path path) {
        String name = path.toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".safetensors.index.json")) {
            return true;
        }
        if (CheckpointFiles.indexOfShard(path).isPresent()) {
            return false;
        }
        return MODEL_EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    private boolean isInside(Path path, String folder) {
        try {
            Path real = path.toRealPath();
            for (Path root : roots(folder)) {
                if (Files.isDirectory(root) && real.startsWith(root.toRealPath())) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public Path resolve(String port, String folder, String name) {
        Optional<Path> found = files(folder).contains(name)
                ? roots(folder).stream()
                        .map(root -> below(root, port, name))
                        .filter(path -> Files.isRegularFile(path) && isInside(path, folder))
                        .findFirst()
                : Optional.empty();
        return found.orElseThrow(() -> new NodeInputException(
                port,
                "there is no file '" + name + "' in " + folder + " (searched " + roots(folder) + "); there are "
                        + files(folder)));
    }

    private static Path below(Path root, String port, String name) {
        try {
            return root.resolve(name);
        } catch (InvalidPathException e) {
            throw new NodeInputException(port, "'" + name + "' is not a file name", e);
        }
    }
}
