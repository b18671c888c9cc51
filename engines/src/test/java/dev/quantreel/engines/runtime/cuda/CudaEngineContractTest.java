package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// The engine with its real kernels on the host simulator.
class CudaEngineContractTest extends EngineContractTest {

    private static HostSimulator simulator;

    @BeforeAll
    static void start() {
        simulator = HostSimulator.start();
    }

    @AfterAll
    static void stop() {
        simulator.close();
    }

    @Override
    protected EngineProvider provider() {
        return SimulatedEngine.provider();
    }

    @Override
    protected int chainLength() {
        return 2_000;
    }
}
