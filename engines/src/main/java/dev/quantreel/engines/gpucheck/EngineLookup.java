package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.CudaEngineProvider;
import dev.quantreel.engines.runtime.cuda.kernel.KernelImages;
import java.util.List;
import java.util.ServiceLoader;

/// Engines by id, as they are registered.
final class EngineLookup {

    static final String ORT_GPU = "ort-gpu";
    static final String ORT_DJL_CPU = "ort-djl-cpu";
    static final String ORT_CPU = "ort-cpu";

    private EngineLookup() {}

    /// @throws IllegalStateException when there is none of this id; lists those there are
    static EngineProvider provider(String id) {
        List<EngineProvider> all = ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        return all.stream()
                .filter(provider -> provider.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no engine '" + id + "'; there are "
                        + all.stream().map(EngineProvider::id).toList()));
    }

    /// Our own kernels.
    ///
    /// @param settings as people write them
    static CudaEngine cuda(CheckContext context, String settings) {
        // The simulator has the kernels compiled in and takes any image.
        KernelImages images = context.small() ? (unit, chip) -> new byte[] {1} : KernelImages.packed();
        EngineOptions options = EngineOptions.parse(0, settings);
        return (CudaEngine) new CudaEngineProvider(context.driver(), images).create(options);
    }

    static Engine open(String id) {
        return provider(id).create(EngineOptions.DEFAULTS);
    }

    /// Why an engine is not available here; empty where it is.
    static String obstacle(String id) {
        return provider(id).probe() instanceof Availability.Unavailable(String reason) ? reason : "";
    }
}
