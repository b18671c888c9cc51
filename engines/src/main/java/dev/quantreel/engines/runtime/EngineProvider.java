package dev.quantreel.engines.runtime;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Finds one kind of engine on this machine; registered through [java.util.ServiceLoader].
public interface EngineProvider {

    /// Stable id, equal to [Engine#id] of what it creates.
    String id();

    /// Higher wins when the user asks for "auto".
    int rank();

    /// What the engine can do when it is available.
    Set<Capability> capabilities();

    /// Whether the engine can be created here, and if not, why and what would have to be installed. Never throws.
    Availability probe();

    /// @throws EngineException when it is not available after all
    Engine create(EngineOptions options);

    /// What an engine can run natively.
    enum Capability {
        FP32,
        BF16,
        /// u8 x s8 integer products.
        INT8,
        /// Products on packed 4-bit codes without widening them to 8 bits first.
        INT4,
        GPU
    }

    /// Result of a probe.
    sealed interface Availability {
        /// @param detail what was found, for example a version
        record Available(String detail) implements Availability {}

        /// @param reason why not, and what to install
        record Unavailable(String reason) implements Availability {}
    }

    /// @param threads worker threads; 0 lets the engine choose
    /// @param settings further ones by name, which each engine documents; an engine refuses those it does not know
    record EngineOptions(int threads, Map<String, String> settings) {
        public static final EngineOptions DEFAULTS = new EngineOptions(0);

        public EngineOptions {
            settings = Map.copyOf(settings);
        }

        /// An engine as it comes, with so many threads.
        public EngineOptions(int threads) {
            this(threads, Map.of());
        }

        /// Reads settings as people write them, `name=value` each, spaces between them; a name alone means `true`.
        ///
        /// @throws IllegalArgumentException when a name is given twice
        public static EngineOptions parse(int threads, String settings) {
            Map<String, String> values = new LinkedHashMap<>();
            for (String word : settings.strip().split("\\s+", -1)) {
                String[] parts = word.split("=", 2);
                if (!word.isEmpty() && values.put(parts[0], parts.length == 2 ? parts[1] : "true") != null) {
                    throw new IllegalArgumentException(
                            "the setting " + parts[0] + " is given twice in '" + settings + "'");
                }
            }
            return new EngineOptions(threads, values);
        }

        /// Holds the settings to what an engine knows.
        ///
        /// @throws EngineException when one is not among them; lists those that are
        public void accept(String engine, Set<String> known) {
            for (String name : settings.keySet()) {
                if (!known.contains(name)) {
                    throw new EngineException(
                            engine,
                            "there is no setting '" + name + "'; there "
                                    + (known.isEmpty()
                                            ? "are none"
                                            : "are " + known.stream().sorted().toList()),
                            null);
                }
            }
        }
    }
}
