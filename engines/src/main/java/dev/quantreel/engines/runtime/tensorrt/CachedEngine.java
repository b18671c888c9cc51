package dev.quantreel.engines.runtime.tensorrt;

import java.time.Instant;
import java.util.Locale;
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
/// @param layers which products run in 8 bits, in words; empty where there are none, or nobody has looked
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
        String layers,
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
        properties.setProperty("layers", layers);
        return properties;
    }

    /// The same after its layers were looked at.
    CachedEngine withLayers(String told) {
        return new CachedEngine(key, model, label, tensorRt, chip, options, bytes, buildSeconds, told, lastUsed);
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
                properties.getProperty("layers", ""),
                lastUsed);
    }

    /// One line for people.
    public String line() {
        return String.format(
                        Locale.ROOT,
                        "%s %s, %s, %.1f MB, TensorRT %s, %s, built in %d s, last used %s",
                        key.substring(0, Math.min(8, key.length())),
                        model,
                        label,
                        bytes / 1e6,
                        tensorRt,
                        chip,
                        buildSeconds,
                        lastUsed)
                + (layers.isEmpty() ? "" : "; " + layers);
    }
}
