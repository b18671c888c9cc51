package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import java.util.EnumSet;
import java.util.Set;

/// Provides the reference engine; always available, never chosen by itself.
public final class ReferenceEngineProvider implements EngineProvider {

    /// Id of the engine: `reference`.
    public static final String ID = "reference";

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int rank() {
        return Integer.MIN_VALUE;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.INT8);
    }

    @Override
    public Availability probe() {
        return new Availability.Available("plain Java, for tests and tiny graphs");
    }

    @Override
    public Engine create(EngineOptions options) {
        options.accept(ID, Set.of());
        return new ReferenceEngine();
    }
}
