package dev.quantreel.server.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The recipes that come with the program, in its folder `recipes`.
final class ShippedRecipes {

    private static final String SUFFIX = ".json";

    private ShippedRecipes() {}

    /// Names without their ending, in alphabetical order.
    static List<String> names() {
        Path folder = folder();
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @param name of a shipped recipe, or a file
    /// @throws ConfigException when it is neither; lists the shipped ones
    static Path file(String name) {
        for (Path candidate : List.of(Path.of(name), folder().resolve(name), folder().resolve(name + SUFFIX))) {
            if (Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        throw new ConfigException(name + ": there is no such recipe; accepted are a JSON file and the recipes "
                + String.join(", ", names()));
    }

    private static Path folder() {
        return ServerConfig.homeFolder().resolve("recipes");
    }
}
