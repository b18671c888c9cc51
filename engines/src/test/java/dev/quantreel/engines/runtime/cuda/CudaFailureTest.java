package dev.quantreel.engines.runtime.cuda;

import static dev.quantreel.engines.runtime.cuda.BlockChain.BLOCK_BYTES;
import static dev.quantreel.engines.runtime.cuda.BlockChain.chain;
import static dev.quantreel.engines.runtime.cuda.BlockChain.expected;
import static dev.quantreel.engines.runtime.cuda.BlockChain.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is told and what is left behind when the device, or the host's memory, fails.
class CudaFailureTest {

    private static final int ROWS = 24;

    private HostSimulator simulator;

    @BeforeEach
    void start() {
        simulator = HostSimulator.start();
    }

    @AfterEach
    void stop() {
        simulator.close();
    }

    @Test
    void aLostContextIsNamedWithWhatToDoAndNothingIsFreedThroughIt() {
        CudaEngine engine = SimulatedEngine.open("offload=never");
        CudaSession session = (CudaSession) engine.open(chain());
        run(session, ROWS);
        simulator.loseContext(700);

        for (int run = 0; run < 2; run++) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> run(session, ROWS))
                    .withMessageContainingAll("context is lost", "CUDA_ERROR_ILLEGAL_ADDRESS", "restart Quantreel");
        }
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> engine.open(chain()))
                .withMessageContaining("restart Quantreel");
        assertThat(SimulatedEngine.provider().probe())
                .isInstanceOfSatisfying(
                        EngineProvider.Availability.Unavailable.class,
                        unavailable -> assertThat(unavailable.reason()).contains("restart Quantreel"));
        session.close();
        engine.close();
    }

    @Test
    void anEngineThatIsClosedClosesItsSessionsFirst() {
        long before = simulator.liveAllocations();
        CudaEngine engine = SimulatedEngine.open("offload=always");
        CudaSession session = (CudaSession) engine.open(chain());
        run(session, ROWS);
        assertThat(simulator.pinnedBytes()).isPositive();

        engine.close();
        session.close();

        assertThat(simulator.pinnedBytes()).isZero();
        assertThat(simulator.liveAllocations()).isEqualTo(before);
    }

    @Test
    void pinnedMemoryThatRunsOutIsNotCalledMemoryOfTheGpu() {
        simulator.limitPinned(3 * BLOCK_BYTES);
        try (CudaEngine engine = SimulatedEngine.open("offload=always")) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> engine.open(chain()))
                    .withMessageContainingAll("chain", "pinned memory of the host, not of the GPU", "ulimit -l");
            assertThat(simulator.pinnedBytes()).isZero();
        }
    }

    @Test
    void whereNothingCanBePinnedWeightsAndTokensGoThroughOrdinaryMemory() {
        Tensor expected = expected(600);
        simulator.limitPinned(0);
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                CudaSession session = (CudaSession) engine.open(chain())) {
            assertThat(run(session, 600).data().mismatch(expected.data())).isEqualTo(-1);
        }
    }

    @Test
    void memoryOfAClosedSessionIsFreeForOthersWhileAnotherIsOpen() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                CudaSession open = (CudaSession) engine.open(chain())) {
            run(open, ROWS);
            run(open, 2 * ROWS);
            long used = simulator.context().poolUsage().usedBytes();

            assertThat(simulator.context().poolUsage().reservedBytes()).isEqualTo(used);
        }
    }
}
