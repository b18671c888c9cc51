package dev.quantreel.nodes.video;

import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The latents that can be loaded: those that Decode VAE saved, newest first and marked `[output]` as ComfyUI marks
/// them, and those in the input folder.
final class LatentFiles implements ComboOptions {

    private static final String OUTPUT = " [output]";

    @Override
    public List<String> options(NodeFolders folders) {
        List<String> names = new ArrayList<>();
        saved(folders).forEach(file -> names.add(file.getFileName() + OUTPUT));
        folders.files("input").stream().filter(LatentFiles::isLatent).forEach(names::add);
        return names;
    }

    private static boolean isLatent(String name) {
        return name.endsWith(".latent") || name.endsWith(".safetensors");
    }

    private static List<Path> saved(NodeFolders folders) {
        Path folder = folders.output().resolve(LatentFile.FOLDER);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> isLatent(file.getFileName().toString())
                            && !file.getFileName().toString().startsWith("."))
                    .sorted(Comparator.<Path>naturalOrder().reversed())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @throws NodeInputException naming `port` when there is no such file
    static Path resolve(String port, String name, NodeFolders folders) {
        if (!name.endsWith(OUTPUT)) {
            return folders.resolve(port, "input", name);
        }
        String file = name.substring(0, name.length() - OUTPUT.length());
        return saved(folders).stream()
                .filter(path -> path.getFileName().toString().equals(file))
                .findFirst()
                .orElseThrow(() -> new NodeInputException(
                        port,
                        "is '" + name + "', which is not in "
                                + folders.output().resolve(LatentFile.FOLDER) + "; there are "
                                + saved(folders).stream().map(Path::getFileName).toList()));
    }
}
