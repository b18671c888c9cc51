package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.tensorrt.TensorRtSettings.Profiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Settings of the engine as people write them ([EngineOptions#parse]): `level=3 minutes=60 workspace=4096` (MB)
/// `weights=in-plan`, `refittable` or `stripped`, `streaming=true cache=FOLDER cache-gb=64`.
///
/// `high`, `low`, `clips` and `text` say what engines a model gets; whoever assembles the model reads them.
public final class TensorRtOptions {

    /// Names that concern a model.
    public static final Set<String> OF_MODELS = Set.of("high", "low", "clips", "text");

    private static final Set<String> OF_ENGINES =
            Set.of("level", "minutes", "workspace", "weights", "streaming", "cache", "cache-gb");

    private TensorRtOptions() {}

    /// @throws EngineException naming a setting that is unknown or has no such value
    static TensorRtSettings settings(EngineOptions options) {
        Set<String> known = new HashSet<>(OF_ENGINES);
        known.addAll(OF_MODELS);
        options.accept(TensorRtEngineProvider.ID, known);
        TensorRtSettings defaults = TensorRtSettings.defaults();
        Map<String, String> values = options.settings();
        try {
            return new TensorRtSettings(
                    Path.of(values.getOrDefault("cache", defaults.cache().toString())),
                    number(values, "cache-gb", defaults.cacheBytes() >> 30) << 30,
                    defaults.label(),
                    new BuildOptions(
                            number(values, "workspace", 0) << 20,
                            Duration.ofMinutes(number(
                                    values,
                                    "minutes",
                                    defaults.build().timeLimit().toMinutes())),
                            (int) number(values, "level", defaults.build().optimizationLevel()),
                            weights(values.getOrDefault("weights", "in-plan")),
                            Boolean.parseBoolean(values.getOrDefault("streaming", "false"))),
                    Profiles.AS_THEY_COME);
        } catch (IllegalArgumentException e) {
            throw new EngineException(
                    TensorRtEngineProvider.ID, "a setting is not as it should be: " + e.getMessage(), e);
        }
    }

    private static long number(Map<String, String> values, String name, long initial) {
        String text = values.get(name);
        if (text == null) {
            return initial;
        }
        if (!text.matches("\\d{1,9}")) {
            throw new IllegalArgumentException(name + " is '" + text + "'; a whole number is accepted");
        }
        return Long.parseLong(text);
    }

    private static BuildOptions.Weights weights(String text) {
        String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(BuildOptions.Weights.values())
                .filter(weights -> weights.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "weights is '" + text + "'; in-plan, refittable and stripped are accepted"));
    }
}
