package dev.quantreel.engines.runtime.cuda;

import static dev.quantreel.engines.runtime.cuda.BlockChain.BLOCKS;
import static dev.quantreel.engines.runtime.cuda.BlockChain.BLOCK_BYTES;
import static dev.quantreel.engines.runtime.cuda.BlockChain.WIDTH;
import static dev.quantreel.engines.runtime.cuda.BlockChain.chain;
import static dev.quantreel.engines.runtime.cuda.BlockChain.expected;
import static dev.quantreel.engines.runtime.cuda.BlockChain.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Where weights and arrays lie, counted in bytes, with the simulator's memory.
class CudaMemoryTest {

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
    void weightsThatWaitOnTheHostGiveTheSameBitsFromThreePlacesOnTheDevice() {
        Tensor expected = expected(ROWS);
        try (CudaEngine engine = SimulatedEngine.open("offload=always");
                CudaSession session = (CudaSession) engine.open(chain())) {
            for (int run = 0; run < 3; run++) {
                assertThat(run(session, ROWS).data().mismatch(expected.data())).isEqualTo(-1);
            }

            assertThat(session.memory().residentBytes()).isZero();
            assertThat(session.memory().offloadedBytes()).isEqualTo(BLOCKS * BLOCK_BYTES);
            assertThat(session.memory().slotBytes()).isEqualTo(WeightStream.SLOTS * BLOCK_BYTES);
            assertThat(engine.heldBytes()).isEqualTo(session.memory().deviceBytes());
        }
    }

    @Test
    void copiesAndKernelsWaitForEachOther() {
        Tensor expected = expected(ROWS);
        simulator.driver().library().call("sim_set_lazy_streams", 1);
        try (CudaEngine engine = SimulatedEngine.open("offload=always");
                CudaSession session = (CudaSession) engine.open(chain())) {
            for (int run = 0; run < 3; run++) {
                assertThat(run(session, ROWS).data().mismatch(expected.data())).isEqualTo(-1);
            }
        } finally {
            simulator.driver().library().call("sim_set_lazy_streams", 0);
        }
    }

    @Test
    void launchesThatWereRecordedGiveTheSameBitsForEachShape() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never graphs=true");
                CudaSession session = (CudaSession) engine.open(chain())) {
            for (int rows : new int[] {ROWS, ROWS, ROWS, 5, 5, ROWS}) {
                assertThat(run(session, rows).data().mismatch(expected(rows).data()))
                        .isEqualTo(-1);
            }
            assertThat(session.plans()).isEqualTo(2);
        }
    }

    @Test
    void theArenaIsUsedAgainByEveryBlock() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                CudaSession session = (CudaSession) engine.open(chain())) {
            run(session, ROWS);

            assertThat(session.memory().arenaBytes()).isLessThanOrEqualTo(3L * 4 * ROWS * WIDTH);
            assertThat(session.memory().residentBytes()).isEqualTo(BLOCKS * BLOCK_BYTES);
        }
    }

    @Test
    void whatDoesNotFitTheLimitWaitsOnTheHost() {
        Tensor expected = expected(ROWS);
        long limit = 6 * BLOCK_BYTES;
        try (CudaEngine engine = SimulatedEngine.open("memory=" + limit);
                CudaSession session = (CudaSession) engine.open(chain())) {
            assertThat(run(session, ROWS).data().mismatch(expected.data())).isEqualTo(-1);

            assertThat(engine.heldBytes()).isLessThanOrEqualTo(limit);
            assertThat(session.memory().offloadedBytes()).isPositive();
        }
    }

    @Test
    void aLargerRunSendsWeightsToTheHostBeforeItBegins() {
        long limit = (BLOCKS + 1) * BLOCK_BYTES;
        try (CudaEngine engine = SimulatedEngine.open("memory=" + limit);
                CudaSession session = (CudaSession) engine.open(chain())) {
            run(session, 4);
            assertThat(session.memory().offloadedBytes()).isZero();
            int rows = (int) (2 * BLOCK_BYTES / (4 * WIDTH));

            assertThat(run(session, rows).data().mismatch(expected(rows).data()))
                    .isEqualTo(-1);
            assertThat(session.memory().offloadedBytes()).isPositive();
            assertThat(engine.heldBytes()).isLessThanOrEqualTo(limit);
        }
    }

    @Test
    void weightsThatDoNotFitAndMustNotWaitAreExplained() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never memory=" + 3 * BLOCK_BYTES)) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> engine.open(chain()))
                    .withMessageContainingAll("chain", "weights of blocks.3 needs", "can be had", "offload=auto");
            assertThat(engine.heldBytes()).isZero();
        }
    }

    @Test
    void aRunThatDoesNotFitSaysWhatWasAskedWhatIsFreeAndWhatWouldHelp() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never memory=" + (BLOCKS + 1) * BLOCK_BYTES);
                CudaSession session = (CudaSession) engine.open(chain())) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> run(session, 1000))
                    .withMessageContainingAll(
                            "chain",
                            "what a run makes needs",
                            "can be had",
                            "the limit is",
                            "offload=auto",
                            "retry=true");

            assertThat(run(session, 4).data().mismatch(expected(4).data())).isEqualTo(-1);
        }
    }

    @Test
    void aRunIsTriedAgainWithWeightsOnTheHostOnlyWhereTheUserAllowsIt() {
        long limit = (BLOCKS + 1) * BLOCK_BYTES;
        int rows = (int) (BLOCK_BYTES / (4 * WIDTH));
        try (CudaEngine engine = SimulatedEngine.open("offload=never memory=" + limit);
                CudaSession session = (CudaSession) engine.open(chain())) {
            assertThatExceptionOfType(EngineException.class).isThrownBy(() -> run(session, rows));
            assertThat(session.memory().offloadedBytes()).isZero();
        }
        try (CudaEngine engine = SimulatedEngine.open("offload=never retry=true memory=" + limit);
                CudaSession session = (CudaSession) engine.open(chain())) {
            assertThat(run(session, rows).data().mismatch(expected(rows).data()))
                    .isEqualTo(-1);
            assertThat(session.memory().offloadedBytes()).isPositive();
            assertThat(engine.heldBytes()).isLessThanOrEqualTo(limit);
        }
    }

    @Test
    void aDeviceThatIsReallyFullIsExplainedAndLeavesNothingBehind() {
        simulator.close();
        simulator = HostSimulator.start(8, 9, 5 * BLOCK_BYTES);
        try (CudaEngine engine = SimulatedEngine.open("offload=never")) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> engine.open(chain()))
                    .withMessageContainingAll("weights of blocks.", "the GPU has");
            assertThat(engine.heldBytes()).isZero();
        }
        try (CudaEngine engine = SimulatedEngine.open("offload=auto");
                CudaSession session = (CudaSession) engine.open(chain())) {
            Tensor y = run(session, ROWS);
            simulator.close();
            simulator = HostSimulator.start();
            assertThat(y.data().mismatch(expected(ROWS).data())).isEqualTo(-1);
        }
    }

    @Test
    void weightsComeBackToTheDeviceAfterTwoRunsThatLeaveRoomForThem() {
        int large = (int) (2 * BLOCK_BYTES / (4 * WIDTH));
        Tensor expected = expected(4);
        try (CudaEngine engine = SimulatedEngine.open("memory=" + (BLOCKS + 2) * BLOCK_BYTES);
                CudaSession session = (CudaSession) engine.open(chain())) {
            run(session, large);
            long offloaded = session.memory().offloadedBytes();
            assertThat(offloaded).isPositive();
            run(session, 4);
            long pinned = simulator.pinnedBytes();
            assertThat(session.memory().offloadedBytes()).isEqualTo(offloaded);

            assertThat(run(session, 4).data().mismatch(expected.data())).isEqualTo(-1);

            assertThat(session.memory().offloadedBytes()).isZero();
            assertThat(session.memory().slotBytes()).isZero();
            assertThat(simulator.pinnedBytes()).isEqualTo(pinned - offloaded);
            HostSimulator.Copied before = simulator.copied();
            assertThat(run(session, 4).data().mismatch(expected.data())).isEqualTo(-1);
            assertThat(simulator.copied().since(before).up()).isLessThan(BLOCK_BYTES);
        }
    }

    @Test
    void runsOfTwoSizesInTurnDoNotMoveWeightsToAndFro() {
        int large = (int) (2 * BLOCK_BYTES / (4 * WIDTH));
        try (CudaEngine engine = SimulatedEngine.open("memory=" + (BLOCKS + 2) * BLOCK_BYTES);
                CudaSession session = (CudaSession) engine.open(chain())) {
            run(session, large);
            long offloaded = session.memory().offloadedBytes();
            for (int rows : new int[] {4, large, 4, large}) {
                HostSimulator.Copied before = simulator.copied();
                run(session, rows);
                assertThat(simulator.copied().since(before).down()).isLessThan(4L * WIDTH * (rows + 1));
                assertThat(session.memory().offloadedBytes()).isEqualTo(offloaded);
            }
        }
    }

    @Test
    void blocksOnTheDeviceAreLaunchedAsGraphsBesideThoseOnTheHost() {
        long limit = (BLOCKS + 1) * BLOCK_BYTES;
        int rows = (int) (2 * BLOCK_BYTES / (4 * WIDTH));
        Tensor expected = expected(rows);
        try (CudaEngine engine = SimulatedEngine.open("memory=" + limit);
                CudaSession session = (CudaSession) engine.open(chain())) {
            run(session, rows);
            long here = session.memory().residentBytes() / BLOCK_BYTES;
            assertThat(here).isBetween(1L, BLOCKS - 1L);
            run(session, rows);
            long before = simulator.graphLaunches();

            assertThat(run(session, rows).data().mismatch(expected.data())).isEqualTo(-1);

            assertThat(simulator.graphLaunches() - before).isEqualTo(here);
        }
    }

    @Test
    void sessionsOfTheSameWeightsHoldThemOnce() {
        Tensor expected = expected(ROWS);
        try (CudaEngine engine = SimulatedEngine.open("offload=never")) {
            CudaSession first = (CudaSession) engine.open(chain());
            long held = engine.heldBytes();
            CudaSession second = (CudaSession) engine.open(chain());
            assertThat(held).isEqualTo(BLOCKS * BLOCK_BYTES);
            assertThat(engine.heldBytes()).isEqualTo(held);

            first.close();

            assertThat(engine.heldBytes()).isEqualTo(held);
            assertThat(run(second, ROWS).data().mismatch(expected.data())).isEqualTo(-1);
            second.close();
            assertThat(engine.heldBytes()).isZero();
        }
    }

    @Test
    void weightsThatOneSessionSendsToTheHostAreFoundThereByTheOther() {
        int large = (int) (2 * BLOCK_BYTES / (4 * WIDTH));
        try (CudaEngine engine = SimulatedEngine.open("memory=" + (BLOCKS + 2) * BLOCK_BYTES);
                CudaSession first = (CudaSession) engine.open(chain());
                CudaSession second = (CudaSession) engine.open(chain())) {
            for (int run = 0; run < 3; run++) {
                run(first, 4);
            }
            run(second, large);
            assertThat(first.memory().offloadedBytes())
                    .isEqualTo(second.memory().offloadedBytes())
                    .isPositive();

            assertThat(run(first, 4).data().mismatch(expected(4).data())).isEqualTo(-1);
        }
    }

    @Test
    void settingsNameWhatTheyAccept() {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> SimulatedEngine.open("offload=perhaps"))
                .withMessageContainingAll("offload is 'perhaps'", "auto, always, never");
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> SimulatedEngine.open("memory=much"))
                .withMessageContaining("memory is 'much'; accepted are amounts such as 8GB or 500MB");
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> SimulatedEngine.open("speed=high"))
                .withMessageContaining("there is no setting 'speed'");
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> SimulatedEngine.open("attention=exact"))
                .withMessageContaining("attention is 'exact'; accepted are auto, bf16, s8 and fp8");
    }
}
