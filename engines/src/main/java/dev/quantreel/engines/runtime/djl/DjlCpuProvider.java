package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// The engine of `ort-gpu` on the processor: what shows, without a GPU, that everything but the device works. Settings:
/// `binding`, `resident`.
public final class DjlCpuProvider implements EngineProvider {

    /// Id of the engine: `ort-djl-cpu`.
    public static final String ID = "ort-djl-cpu";

    @Override
    public String id() {
        return ID;
    }

    /// Below `ort-cpu`, which is the same without a detour.
    @Override
    public int rank() {
        return 50;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.INT8);
    }

    @Override
    public Availability probe() {
        Optional<String> hazard = OrtGpuProvider.hazard();
        if (hazard.isPresent()) {
            return new Availability.Unavailable(hazard.get());
        }
        try {
            return new Availability.Available(DjlTarget.cpu(ID, BindingOptions.of(ID, EngineOptions.DEFAULTS))
                    .describe());
        } catch (LinkageError | RuntimeException e) {
            return new Availability.Unavailable(OrtEngineProvider.reason(e));
        }
    }

    @Override
    public Engine create(EngineOptions options) {
        options.accept(ID, BindingOptions.SETTINGS);
        BindingOptions binding = BindingOptions.of(ID, options);
        if (probe() instanceof Availability.Unavailable(String reason)) {
            throw new EngineException(ID, reason, null);
        }
        try {
            return new DjlEngine(DjlTarget.cpu(ID, binding), options.threads());
        } catch (LinkageError e) {
            throw new EngineException(ID, OrtEngineProvider.reason(e), e);
        }
    }
}
