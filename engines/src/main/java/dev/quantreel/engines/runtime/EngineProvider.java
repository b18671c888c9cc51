package dev.quantreel.engines.runtime;

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
    record EngineOptions(int threads) {
        public static final EngineOptions DEFAULTS = new EngineOptions(0);
    }
}
