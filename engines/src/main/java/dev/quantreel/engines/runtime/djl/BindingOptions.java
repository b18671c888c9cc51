package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether results of a graph stay on the device until somebody reads them.
///
/// @param on false for runs by ONNX Runtime's Java API, which copies them to the host
/// @param residentBytes most that may wait on the device; the least recently used goes to the host
record BindingOptions(boolean on, long residentBytes) {

    static final Set<String> SETTINGS = Set.of("binding", "resident");

    private static final Pattern BYTES = Pattern.compile("(\\d{1,15})([kmgt]?)b?");
    private static final String DEFAULT_RESIDENT = "4g";

    /// @throws EngineException when a setting has no value that is accepted; names both
    static BindingOptions of(String engine, EngineOptions options) {
        String word = options.settings().getOrDefault("binding", "true").toLowerCase(Locale.ROOT);
        if (!word.equals("true") && !word.equals("false")) {
            throw new EngineException(engine, "the setting binding is '" + word + "'; accepted is true or false", null);
        }
        return new BindingOptions(word.equals("true"), bytes(engine, options, "resident", DEFAULT_RESIDENT));
    }

    /// @throws EngineException when a setting is no number of bytes
    static long bytes(String engine, EngineOptions options, String name, String initial) {
        String value = options.settings().getOrDefault(name, initial).toLowerCase(Locale.ROOT);
        Matcher matcher = BYTES.matcher(value);
        if (!matcher.matches()) {
            throw new EngineException(
                    engine, "the setting " + name + " is '" + value + "'; accepted is bytes, for example 8g", null);
        }
        return Long.parseLong(matcher.group(1)) << 10 * " kmgt".indexOf((matcher.group(2) + " ").charAt(0));
    }
}
