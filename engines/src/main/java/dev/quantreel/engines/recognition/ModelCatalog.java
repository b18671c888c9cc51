package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DamagedCheckpointException;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.vae.VaeDecoder;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The checkpoints of some folders: headers are read, weights are not, so that a folder of hundreds of gigabytes takes
/// seconds.
///
/// @param entries by name
public record ModelCatalog(List<ModelEntry> entries) {

    private static final int MAX_DEPTH = 10;
    private static final Set<String> EXTENSIONS =
            Set.of("safetensors", "sft", "gguf", "ckpt", "pt", "pth", "bin", "pkl", "pickle");

    public ModelCatalog {
        entries = List.copyOf(entries);
    }

    /// A folder to walk.
    ///
    /// @param label what names of entries begin with; may be empty
    public record Root(String label, Path folder) {

        String name(Path file) {
            String below = folder.relativize(file).toString().replace('\\', '/');
            return label.isEmpty() ? below : label + "/" + below;
        }
    }

    /// Number of damaged files, see [ModelEntry#damaged].
    public int damaged() {
        return (int) entries.stream().filter(ModelEntry::damaged).count();
    }

    /// Walks folders, following links, at most ten levels deep; hidden files are passed over, and folders that do not
    /// exist.
    ///
    /// @throws CheckpointException when a folder cannot be listed
    public static ModelCatalog scan(List<Root> roots) {
        List<ModelEntry> entries = new ArrayList<>();
        for (Root root : roots) {
            if (Files.isDirectory(root.folder())) {
                checkpoints(root.folder()).forEach(file -> entries.add(entry(root.name(file), file)));
            }
        }
        entries.sort(Comparator.comparing(ModelEntry::name));
        return new ModelCatalog(entries);
    }

    private static List<Path> checkpoints(Path root) {
        List<Path> files = new ArrayList<>();
        try {
            Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), MAX_DEPTH, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    return isHidden(folder) && !folder.equals(root)
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (attributes.isRegularFile() && !isHidden(file) && isCheckpoint(file)) {
                        files.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException reason) {
                    return FileVisitResult.CONTINUE; // unreadable, or a link in a circle: the others still count
                }
            });
        } catch (IOException e) {
            throw new CheckpointException(root.toString(), "cannot be listed: " + e.getMessage(), e);
        }
        return files;
    }

    private static boolean isHidden(Path file) {
        return file.getFileName() != null && file.getFileName().toString().startsWith(".");
    }

    /// Shards stand in the table as their index; a shard without one stands for itself, with the reason.
    private static boolean isCheckpoint(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".safetensors.index.json")) {
            return true;
        }
        return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1))
                && CheckpointFiles.indexOfShard(file).isEmpty();
    }

    private static ModelEntry entry(String name, Path path) {
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            long bytes = file.parts().stream().mapToLong(ModelCatalog::size).sum();
            List<ModelCard> cards = new ArrayList<>();
            Optional<String> problem = Optional.empty();
            boolean damaged = false;
            try {
                Recognisers.ALL.forEach(recogniser -> {
                    if (cards.stream().noneMatch(card -> card.kind() == ModelCard.Kind.LORA)) {
                        recogniser.recognise(file).ifPresent(cards::add);
                    }
                });
                if (cards.isEmpty()) {
                    problem = Optional.of(ModelFamily.describe(file));
                }
                if (cards.stream().anyMatch(card -> card.kind() == ModelCard.Kind.VAE)) {
                    VaeDecoder.traits(file); // says why a decoder that is known by sight cannot be used
                }
            } catch (UnsupportedCheckpointException e) {
                problem = Optional.of(withoutFile(e, path));
                damaged = e instanceof DamagedCheckpointException;
            }
            return new ModelEntry(name, path, bytes, Optional.of(file.format()), cards, problem, damaged);
        } catch (CheckpointException e) {
            Optional<String> problem = Optional.of(withoutFile(e, path));
            return new ModelEntry(name, path, size(path), Optional.empty(), List.of(), problem, !e.isForeign());
        }
    }

    /// The table names the file already; a shard keeps its name.
    private static String withoutFile(RuntimeException e, Path path) {
        String message = String.valueOf(e.getMessage());
        String inFolder = without(message, path.resolveSibling("").toString() + File.separator);
        return without(inFolder, path.getFileName() + ": ");
    }

    private static String without(String text, String prefix) {
        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
    }

    private static long size(Path path) {
        try {
            return Files.size(path);
        } catch (IOException e) {
            return 0;
        }
    }
}
