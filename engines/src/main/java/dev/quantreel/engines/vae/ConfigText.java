package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Single values of the configuration that files carry as JSON in their metadata (`config`; diffusers'
/// `config.json`):
/// what shapes cannot tell.
///
/// @param json the text; empty when there is none
record ConfigText(String json) {

    static ConfigText of(Checkpoint checkpoint) {
        return new ConfigText(checkpoint.metadata().getOrDefault("config", ""));
    }

    /// The first number under `key`, at whatever depth.
    double number(String key, double otherwise) {
        return value(key, "-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?")
                .map(Double::parseDouble)
                .orElse(otherwise);
    }

    /// The first `true` or `false` under `key`.
    boolean flag(String key, boolean otherwise) {
        return value(key, "true|false").map(Boolean::parseBoolean).orElse(otherwise);
    }

    private Optional<String> value(String key, String pattern) {
        Matcher matcher = Pattern.compile("\"" + Pattern.quote(key) + "\"\\s*:\\s*(" + pattern + ")")
                .matcher(json);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
