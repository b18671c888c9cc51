package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What tells two states of a checkpoint apart without reading it: size and time of every file it may consist of.
public final class CheckpointStamp {

    private CheckpointStamp() {}

    /// @param path a file, an index of shards, or a folder
    /// @throws IOException when a file cannot be looked at
    /// @throws CheckpointException when a folder holds no checkpoint
    public static String of(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? DiffusersFolder.locate(path) : path;
        if (!file.toString().endsWith(ShardIndex.SUFFIX)) {
            return describe(file);
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            return describe(file);
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> parts = files.filter(part -> part.equals(file.toAbsolutePath())
                            || part.toString().endsWith(".safetensors")
                            || part.endsWith("config.json"))
                    .sorted()
                    .toList();
            StringBuilder stamp = new StringBuilder();
            for (Path part : parts) {
                stamp.append(part.getFileName())
                        .append(": ")
                        .append(describe(part))
                        .append("; ");
            }
            return stamp.toString();
        }
    }

    private static String describe(Path file) throws IOException {
        return Files.size(file) + " bytes, modified " + Files.getLastModifiedTime(file);
    }

    /// Identifies the files of an open checkpoint in their present state: path, size, time and, where the file system
    /// has one, file key.
    static String of(List<Path> parts) {
        return parts.stream().map(CheckpointStamp::identity).collect(Collectors.joining("\n"));
    }

    private static String identity(Path part) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(part, BasicFileAttributes.class);
            return part.toRealPath() + "|" + attributes.size() + "|"
                    + attributes.lastModifiedTime().toInstant() + "|" + attributes.fileKey();
        } catch (IOException e) {
            throw new CheckpointException(part.toString(), "cannot be looked at: " + e.getMessage(), e);
        }
    }
}
