package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What is left when something breaks, and what two threads do to each other.
@Timeout(120)
class TensorRtFailureTest {

    private final Path cache;
    private final FakeTensorRt library = new FakeTensorRt();
    private final FakeDevice device = new FakeDevice();

    TensorRtFailureTest(@TempDir Path cache) {
        this.cache = cache;
    }

    private TensorRtEngine engine(PlanBuilder builder, boolean streaming) {
        TensorRtSettings settings = new TensorRtSettings(
                cache,
                TensorRtSettings.CACHE_BYTES,
                "FP32",
                new BuildOptions(0, Duration.ofMinutes(1), 3, BuildOptions.Weights.IN_PLAN, streaming),
                TensorRtSettings.Profiles.AS_THEY_COME);
        return new TensorRtEngine(
                new Workshop(
                        settings,
                        new EngineCache(cache),
                        builder,
                        library,
                        new Workshop.Gpu(device, device.newStream(), new SharedScratch(device))),
                () -> new OrtEngineProvider().create(new EngineOptions(1)));
    }

    private static OnnxModel negation() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("negation");
        graph.output("y", graph.op(OnnxOp.Neg, graph.input("x", DType.F32, Dim.of("n"))), DType.F32, Dim.of("n"));
        return graph.build(Map.of());
    }

    private static float run(Session session, int n, float value) {
        float[] values = new float[n];
        values[n - 1] = value;
        return session.run(Map.of("x", Tensor.of(Shape.of(n), values)), "y", CancellationToken.NONE)
                .toFloatArray()[n - 1];
    }

    @Test
    void aLostContextFreesWhatItCanAndIsTold() {
        TensorRtEngine engine = engine(library.builder(), false);
        Session session = engine.open(negation());
        assertThat(run(session, 3, 2)).isEqualTo(-2);

        device.isLost = true;

        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(session::close)
                .withMessageContaining("ILLEGAL_ADDRESS");
        engine.close();
        assertThat(library.openContexts).isZero();
        assertThat(library.openPlans).isZero();
        assertThat(device.open).hasValue(0);
        assertThat(device.isClosed).isTrue();
        assertThat(cache.toFile().list()).noneMatch(name -> name.startsWith("graph-"));
    }

    @Test
    void aPlanThatIsNotOfTheGraphIsClosed() {
        TensorRtEngine engine = engine(library.builder(), false);
        device.limitBytes = 0;
        try (Session session = engine.open(negation())) {
            assertThatExceptionOfType(EngineException.class).isThrownBy(() -> run(session, 3, 2));
        }
        assertThat(library.openPlans).isZero();
        engine.close();
    }

    @Test
    void aGpuThatMakesNoStreamIsClosedAgain() {
        device.refusesStreams = true;
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> TensorRtEngineProvider.create(
                        EngineOptions.DEFAULTS,
                        TensorRtSettings.defaults().withCache(cache),
                        () -> device,
                        () -> library));
        assertThat(device.isClosed).isTrue();

        FakeDevice other = new FakeDevice();
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> TensorRtEngineProvider.create(
                        EngineOptions.DEFAULTS, TensorRtSettings.defaults().withCache(cache), () -> other, () -> {
                            throw new UnsatisfiedLinkError("libnvinfer.so.10");
                        }))
                .withMessageContaining("libnvinfer.so.10");
        assertThat(other.isClosed).isTrue();
    }

    @Test
    void stepsAreAllTakenAndTheFirstFailureIsTold() {
        List<Integer> taken = new ArrayList<>();
        assertThatIllegalStateException()
                .isThrownBy(() -> Closing.inOrder(
                        () -> taken.add(1),
                        () -> {
                            throw new IllegalStateException("first");
                        },
                        () -> taken.add(2),
                        () -> {
                            throw new IllegalArgumentException("second");
                        },
                        () -> taken.add(3)))
                .withMessage("first")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(taken).containsExactly(1, 2, 3);
    }

    @Test
    void twoRunsAtOnceBuildOnceAndNeitherClosesTheOthersEngine() throws Exception {
        try (TensorRtEngine engine = engine(library.builder(), false);
                Session session = engine.open(negation());
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Float>> first = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                first.add(threads.submit(() -> run(session, 8, 5)));
            }
            for (Future<Float> result : first) {
                assertThat(result.get()).isEqualTo(-5);
            }
            assertThat(library.builds).isEqualTo(1);
            // Each wider run closes the engine before it and builds another.
            List<Future<Float>> wider = new ArrayList<>();
            for (int n = 9; n < 29; n++) {
                int size = n;
                wider.add(threads.submit(() -> run(session, size, size)));
            }
            for (int n = 9; n < 29; n++) {
                assertThat(wider.get(n - 9).get()).isEqualTo(-n);
            }
        }
        assertThat(library.openPlans).isZero();
    }

    @Test
    void whoeverWaitsForABuildCanGiveUp() throws Exception {
        CountDownLatch building = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        PlanBuilder slow = (request, listener, cancellation) -> {
            building.countDown();
            try {
                assertThat(goOn.await(1, TimeUnit.MINUTES)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            library.builder().build(request, listener, cancellation);
        };
        try (TensorRtEngine engine = engine(slow, false);
                Session session = engine.open(negation());
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<Float> builder = threads.submit(() -> run(session, 4, 1));
            building.await();
            boolean[] given = {false};
            CancellationToken soon = new CancellationToken() {
                @Override
                public boolean cancelled() {
                    boolean before = given[0];
                    given[0] = true;
                    return before;
                }

                @Override
                public Registration onCancel(Runnable hook) {
                    return () -> {};
                }
            };
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> session.run(Map.of("x", Tensor.of(Shape.of(4), new float[4])), soon));
            goOn.countDown();
            assertThat(builder.get()).isEqualTo(-1);
        }
    }

    @Test
    void aClosedSessionRefusesRunsInsteadOfBuilding() {
        try (TensorRtEngine engine = engine(library.builder(), false)) {
            Session session = engine.open(negation());
            session.close();
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> run(session, 3, 1))
                    .withMessageContainingAll("negation", "closed");
        }
        assertThat(library.builds).isZero();
    }

    @Test
    void streamedWeightsLeaveRoomForInputsOutputsAndALittleMore() {
        try (TensorRtEngine engine = engine(library.builder(), true);
                Session session = engine.open(negation())) {
            run(session, 1_000_000, 1);
        }
        assertThat(library.spare).containsExactly((80L << 30) - 2 * 4_000_000 - (256 << 20));
    }

    @Test
    void whatWeFreedIsGivenBackBeforeTensorRtTakesMemory() {
        try (TensorRtEngine engine = engine(
                        (request, listener, cancellation) -> {
                            assertThat(device.trims)
                                    .as("before the building process")
                                    .isEqualTo(1);
                            library.builder().build(request, listener, cancellation);
                        },
                        false);
                Session session = engine.open(negation())) {
            run(session, 3, 1);
            assertThat(device.trims).as("before the engine is opened").isEqualTo(2);
        }
    }
}
