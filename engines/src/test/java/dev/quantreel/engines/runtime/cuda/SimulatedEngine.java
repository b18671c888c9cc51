package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.simulator.SimulatorLibrary;

/// The engine on the host simulator, which has the kernels compiled in.
public final class SimulatedEngine {

    private SimulatedEngine() {}

    public static EngineProvider provider() {
        return new CudaEngineProvider(SimulatorLibrary.path().toString(), (unit, chip) -> new byte[] {1});
    }

    /// @param settings as people write them
    public static CudaEngine open(String settings) {
        return (CudaEngine) provider().create(EngineOptions.parse(0, settings));
    }
}
