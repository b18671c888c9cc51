package dev.quantreel.engines.runtime.tensorrt;

import java.time.Instant;
import java.util.Properties;

/// What is known of an engine in the cache.
///
/// @param key file name without its ending
/// @param model name of the graph
/// @param label [EngineKind#label]
/// @param tensorRt version of the library, `10.15.1`
/// @param chip that it was built on
/// @param options [BuildOptions#identity]
/// @param bytes of the plan
/// @param buildSeconds that building took
/// @param lastUsed when it was last asked for
public record CachedEngine(
        String key,
        String model,
        String label,
        String tensorRt,
        String chip,
        String options,
        long bytes,
        long buildSeconds,
        Instant lastUsed) {

    Properties toProperties() {
        Properties properties = new Properties();
        properties.setProperty("model", model);
        properties.setProperty("label", label);
        properties.setProperty("tensorRt", tensorRt);
        properties.setProperty("chip", chip);
        properties.setProperty("options", options);
        properties.setProperty("bytes", Long.toString(bytes));
        properties.setProperty("buildSeconds", Long.toString(buildSeconds));
        return properties;
    }

    /// @throws NumberFormatException when a number is none
    static CachedEngine of(String key, Properties properties, Instant lastUsed) {
        return new CachedEngine(
                key,
                properties.getProperty("model", "?"),
                properties.getProperty("label", "?"),
                properties.getProperty("tensorRt", "?"),
                properties.getProperty("chip", "?"),
                properties.getProperty("options", "?"),
                Long.parseLong(properties.getProperty("bytes", "-1")),
                Long.parseLong(properties.getProperty("buildSeconds", "0")),
                lastUsed);
    }

    /// One line for people.
    public String line() {
        return "%s %s, %s, %.1f MB, TensorRT %s, %s, built in %d s, last used %s"
                .formatted(
                        key.substring(0, Math.min(8, key.length())),
                        model,
                        label,
                        bytes / 1e6,
                        tensorRt,
                        chip,
                        buildSeconds,
                        lastUsed);
    }
}
