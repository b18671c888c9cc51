package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Folders below one directory: `output`, `input`, `temp` and one per model folder under `models`.
public record TestFolders(Path root) implements NodeFolders {

    @Override
    public Path output() {
        return root.resolve("output");
    }

    @Override
    public Path input() {
        return root.resolve("input");
    }

    @Override
    public Path temp() {
        return root.resolve("temp");
    }

    @Override
    public Path cache() {
        return root.resolve("cache");
    }

    /// Where the files of a model folder lie.
    public Path models(String folder) {
        return folder.equals("input") ? input() : root.resolve("models").resolve(folder);
    }

    @Override
    public List<String> files(String folder) {
        Path directory = models(folder);
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.filter(Files::isRegularFile)
                    .map(path -> directory.relativize(path).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Path resolve(String port, String folder, String name) {
        if (!files(folder).contains(name)) {
            throw new NodeInputException(port, "'" + name + "' is not in " + folder + "; there are " + files(folder));
        }
        return models(folder).resolve(name);
    }
}
