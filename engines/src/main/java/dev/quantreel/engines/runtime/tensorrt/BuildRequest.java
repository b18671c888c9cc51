package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.tensorrt.BuildOptions.Weights;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;

/// What the building process is asked for, as a file of properties between the two processes.
///
/// @param model the `.onnx` file; weights may lie beside it
/// @param profile its [dev.quantreel.engines.export.OptimizationProfile] as JSON
/// @param plan where the engine goes
/// @param timingCache read when it is there, replaced afterwards
/// @param options how to build
public record BuildRequest(Path model, Path profile, Path plan, Path timingCache, BuildOptions options) {

    /// Writes it for the other process.
    ///
    /// @throws IOException when the file cannot be written
    void write(Path file) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("model", model.toString());
        properties.setProperty("profile", profile.toString());
        properties.setProperty("plan", plan.toString());
        properties.setProperty("timingCache", timingCache.toString());
        properties.setProperty("workspaceBytes", Long.toString(options.workspaceBytes()));
        properties.setProperty(
                "timeLimitSeconds", Long.toString(options.timeLimit().toSeconds()));
        properties.setProperty("optimizationLevel", Integer.toString(options.optimizationLevel()));
        properties.setProperty("weights", options.weights().name());
        properties.setProperty("weightStreaming", Boolean.toString(options.weightStreaming()));
        try (Writer writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
    }

    /// Reads what [#write] wrote.
    ///
    /// @throws IOException when the file cannot be read
    /// @throws IllegalArgumentException naming the property that is missing or wrong
    static BuildRequest read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return new BuildRequest(
                Path.of(required(properties, "model", file)),
                Path.of(required(properties, "profile", file)),
                Path.of(required(properties, "plan", file)),
                Path.of(required(properties, "timingCache", file)),
                new BuildOptions(
                        number(properties, "workspaceBytes", file),
                        Duration.ofSeconds(Math.max(1, number(properties, "timeLimitSeconds", file))),
                        Math.toIntExact(number(properties, "optimizationLevel", file)),
                        Weights.valueOf(required(properties, "weights", file)),
                        Boolean.parseBoolean(required(properties, "weightStreaming", file))));
    }

    private static long number(Properties properties, String name, Path file) {
        String text = required(properties, name, file);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(file + ": " + name + " is '" + text + "'; a number is accepted", e);
        }
    }

    private static String required(Properties properties, String name, Path file) {
        String value = properties.getProperty(name);
        if (value == null) {
            throw new IllegalArgumentException(file + " has no " + name);
        }
        return value;
    }
}
