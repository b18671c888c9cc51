package dev.quantreel.server.config;

import dev.quantreel.server.execution.Executor;
import dev.quantreel.server.graph.GraphValidator;
import dev.quantreel.server.graph.NodeCatalog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// What the commands share, made from a configuration: folders, kinds of nodes, validation.
///
/// @param packProblems packs and nodes that were left out, with the reason
record Application(
        ServerConfig config, DataFolders folders, NodeCatalog catalog, List<String> packs, List<String> packProblems) {

    static Application create(ServerConfig config) {
        PackLoader.Packs packs = PackLoader.load(config.plugins());
        return new Application(config, new DataFolders(config), packs.catalog(), packs.names(), packs.problems());
    }

    GraphValidator validator() {
        return new GraphValidator(catalog, folders);
    }

    Executor executor() {
        return new Executor(folders, Executor.Limits.DEFAULTS);
    }

    /// Makes the folders that results go to, and empties the one for previews.
    ///
    /// @throws ConfigException when one cannot be made
    void prepareFolders() {
        try {
            Files.createDirectories(config.output());
            Files.createDirectories(config.input());
            empty(config.temp());
            Files.createDirectories(config.temp());
        } catch (IOException | UncheckedIOException e) {
            throw new ConfigException("a folder cannot be made: " + e.getMessage());
        }
    }

    private static void empty(Path folder) throws IOException {
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> walk = Files.walk(folder)) {
                for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }
}
