package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Files below a user's folder, and how they are listed.
record UserFiles(Path root) {

    private static final int MAX_DEPTH = 16;

    /// Writes a file by way of a temporary one, so that it is there whole or not at all.
    static void writeAtomically(Path file, byte[] content) throws IOException {
        Path folder = Optional.ofNullable(file.getParent()).orElseThrow();
        Files.createDirectories(folder);
        Path temporary = Files.createTempFile(folder, ".write-", ".part");
        try {
            Files.write(temporary, content);
            Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /// Regular files below a folder, links not followed, sorted.
    List<Path> files(Path folder, boolean recurse) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(folder, recurse ? MAX_DEPTH : 1)) {
            walk.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .forEach(files::add);
        }
        return files;
    }

    /// Entries of a folder, folders first read as they come, sorted.
    ArrayNode entries(Path folder) throws IOException {
        ArrayNode entries = Json.array();
        try (Stream<Path> list = Files.list(folder)) {
            for (Path path : list.sorted().toList()) {
                BasicFileAttributes attributes =
                        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                ObjectNode entry = entries.addObject()
                        .put("name", String.valueOf(path.getFileName()))
                        .put("path", wirePath(root, path))
                        .put("type", attributes.isDirectory() ? "directory" : "file");
                if (!attributes.isDirectory()) {
                    entry.put("size", attributes.size());
                    entry.put("modified", attributes.lastModifiedTime().toMillis() / 1000.0);
                }
            }
        }
        return entries;
    }

    /// `{path, size, modified, created}` with times in epoch seconds.
    static ObjectNode info(Path base, Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return Json.object()
                .put("path", wirePath(base, file))
                .put("size", attributes.size())
                .put("modified", attributes.lastModifiedTime().toMillis() / 1000.0)
                .put("created", attributes.creationTime().toMillis() / 1000.0);
    }

    static String wirePath(Path base, Path file) {
        return base.relativize(file).toString().replace('\\', '/');
    }
}
