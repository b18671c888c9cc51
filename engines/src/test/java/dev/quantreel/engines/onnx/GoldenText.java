package dev.quantreel.engines.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Text dumps kept in the repository; rewritten with `-Dgolden.update`.
public final class GoldenText {

    private static final Path FOLDER = Path.of("src/test/resources/onnx");

    private GoldenText() {}

    /// Compares a graph with the dump of its name.
    public static void check(String name, OnnxModel model) throws IOException {
        Path file = FOLDER.resolve(name + ".txt");
        String text = OnnxText.of(model);
        if (System.getProperty("golden.update") != null) {
            Files.createDirectories(FOLDER);
            Files.writeString(file, text);
        }
        assertThat(file).as("write it with -Dgolden.update").exists();
        assertThat(text).isEqualTo(Files.readString(file));
    }
}
