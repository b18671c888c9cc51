package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of engines on a GPU whose memory can be looked at.
class TensorRtSessionTest {

    private static final int WIDTH = 24;

    private final Path cache;

    TensorRtSessionTest(@TempDir Path cache) {
        this.cache = cache;
    }

    private final FakeTensorRt library = new FakeTensorRt("grid");
    private final FakeDevice device = new FakeDevice();
    private final FakeDevice.FakeStream stream = (FakeDevice.FakeStream) device.newStream();
    private final SharedScratch scratch = new SharedScratch(device);
    private final List<Engine> engines = new ArrayList<>();

    private TensorRtEngine engine(TensorRtSettings settings) {
        TensorRtEngine engine = new TensorRtEngine(
                new Workshop(
                        settings,
                        new EngineCache(settings.cache()),
                        library.builder(),
                        library,
                        new Workshop.Gpu(device, stream, scratch)),
                () -> new OrtEngineProvider().create(new EngineOptions(1)));
        engines.add(engine);
        return engine;
    }

    private TensorRtSettings settings(BuildOptions.Weights weights, TensorRtSettings.Profiles profiles) {
        return new TensorRtSettings(
                cache,
                TensorRtSettings.CACHE_BYTES,
                "FP32",
                new BuildOptions(0, Duration.ofMinutes(1), 3, weights, false),
                profiles);
    }

    private TensorRtEngine engine() {
        return engine(settings(BuildOptions.Weights.IN_PLAN, TensorRtSettings.Profiles.AS_THEY_COME));
    }

    @AfterEach
    void everythingIsGivenBack() {
        engines.forEach(Engine::close);
        assertThat(device.open).hasValue(0);
        assertThat(library.openContexts).isZero();
        assertThat(library.openPlans).isZero();
    }

    private static OnnxModel doubled(String name, float factor) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name);
        Value x = graph.input("x", DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        Value w = graph.initializer("w", Tensor.scalar(factor));
        graph.output("y", graph.op(OnnxOp.Mul, x, w), DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        return graph.build(Map.of());
    }

    private static Tensor random(long seed, int rows) {
        Random random = new Random(seed);
        float[] values = new float[rows * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return Tensor.of(Shape.of(rows, WIDTH), values);
    }

    private static void runs(Session session, long seed, int rows, float factor) {
        Tensor x = random(seed, rows);
        float[] y = session.run(Map.of("x", x), "y", CancellationToken.NONE).toFloatArray();
        float[] given = x.toFloatArray();
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isEqualTo(given[i] * factor);
        }
    }

    @Test
    void theSecondRunIsRecordedAndLaterOnesAreLaunched() {
        try (Session session = engine().open(doubled("twice", 2))) {
            for (int run = 0; run < 5; run++) {
                runs(session, run, 7, 2);
            }
        }
        assertThat(stream.queued).isEqualTo(1);
        assertThat(stream.captures).isEqualTo(1);
        assertThat(stream.launched).isEqualTo(4);
        assertThat(library.layouts)
                .as("scratch memory is laid out for new shapes alone")
                .isEqualTo(1);
    }

    @Test
    void otherShapesMakeARecordingAnew() {
        try (Session session = engine().open(doubled("twice", 2))) {
            runs(session, 1, 7, 2);
            runs(session, 2, 7, 2);
            runs(session, 3, 5, 2);
            runs(session, 4, 5, 2);
            runs(session, 5, 9, 2);
            runs(session, 6, 6, 2);
        }
        // 7, then 5 to 7, then 5 to 9, which has room for 6.
        assertThat(library.builds).isEqualTo(3);
        assertThat(stream.captures).isEqualTo(2);
    }

    @Test
    void whatCannotBeRecordedIsQueuedEveryTime() {
        stream.refusesCapture = true;
        try (Session session = engine().open(doubled("twice", 2))) {
            for (int run = 0; run < 4; run++) {
                runs(session, run, 7, 2);
            }
        }
        assertThat(stream.queued).isEqualTo(4);
        assertThat(stream.launched).isZero();
    }

    @Test
    void twoEnginesShareTheScratchOfTheLarger() {
        TensorRtEngine engine = engine();
        try (Session eight = engine.open(doubled("eight", 8));
                Session four = engine.open(doubled("four", 4))) {
            for (int run = 0; run < 3; run++) {
                runs(eight, run, 100, 8);
                runs(four, run, 60, 4);
            }
            assertThat(scratch.bytes()).isEqualTo(100 * WIDTH * 8L);
            long buffers = 2 * 4L * WIDTH * (100 + 60);
            assertThat(device.allocatedBytes()).isEqualTo(scratch.bytes() + buffers);
        }
    }

    @Test
    void aLargerScratchOfTheOtherEngineInvalidatesARecording() {
        TensorRtEngine engine = engine();
        try (Session small = engine.open(doubled("small", 3));
                Session large = engine.open(doubled("large", 5))) {
            runs(small, 1, 4, 3);
            runs(small, 2, 4, 3);
            runs(large, 3, 400, 5);
            runs(small, 4, 4, 3);
            runs(small, 5, 4, 3);
        }
    }

    @Test
    void valuesReadOnTheHostBelongToTheShapes() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("laid");
        Value x = graph.input("x", DType.F32, Dim.of("tokens"));
        Value grid = graph.input("grid", DType.I64, Dim.of(2));
        graph.output("y", graph.op(OnnxOp.Reshape, x, grid), DType.F32, Dim.of("rows"), Dim.of("columns"));
        Tensor twelve = Tensor.of(Shape.of(12), new float[12]);
        try (Session session = engine().open(graph.build(Map.of()))) {
            for (long[] extents : new long[][] {{3, 4}, {3, 4}, {3, 4}, {2, 6}, {2, 6}, {3, 4}, {4, 3}, {4, 3}}) {
                Tensor y = session.run(
                        Map.of("x", twelve, "grid", Tensor.ofLongs(Shape.of(2), extents)), "y", CancellationToken.NONE);
                assertThat(y.shape()).isEqualTo(Shape.of(extents));
            }
        }
    }

    @Test
    void resultsGoStraightIntoTheCallersMemoryAndAWrongTargetIsRefused() {
        try (Session session = engine().open(doubled("twice", 2))) {
            Tensor x = random(1, 3);
            Tensor y = Tensor.zeros(DType.F32, x.shape());
            session.runInto(Map.of("x", x), Map.of("y", y), CancellationToken.NONE);

            assertThat(y.toFloatArray()[5]).isEqualTo(2 * x.toFloatArray()[5]);
            Tensor flat = Tensor.zeros(DType.F32, Shape.of(3 * WIDTH));
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> session.runInto(Map.of("x", x), Map.of("y", flat), CancellationToken.NONE))
                    .withMessageContainingAll("twice", "output y", "F32[3x24]", "F32[72]");
        }
    }

    @Test
    void aRunThatWasGivenUpEndsBeforeTheNextBegins() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("slow");
        Value x = graph.input("x", DType.F32, Dim.of(256), Dim.of(256));
        Value y = x;
        for (int i = 0; i < 200; i++) {
            y = graph.op(OnnxOp.Tanh, graph.op(OnnxOp.MatMul, y, x));
        }
        graph.output("y", y, DType.F32, Dim.of(256), Dim.of(256));
        Tensor given = Tensor.zeros(DType.F32, Shape.of(256, 256));
        try (Session session = engine().open(graph.build(Map.of()))) {
            session.run(Map.of("x", given), CancellationToken.NONE);
            for (int again = 0; again < 3; again++) {
                int[] asked = {0};
                CancellationToken soon = new CancellationToken() {
                    @Override
                    public boolean cancelled() {
                        return asked[0]++ > 3;
                    }

                    @Override
                    public Registration onCancel(Runnable hook) {
                        return () -> {};
                    }
                };
                assertThatExceptionOfType(CancellationException.class)
                        .isThrownBy(() -> session.run(Map.of("x", given), soon));
            }
            assertThat(session.run(Map.of("x", given), "y", CancellationToken.NONE)
                            .toFloatArray())
                    .containsOnly(0);
        }
    }

    @Test
    void lackOfMemoryIsToldAndALaterSmallerRunIsFine() {
        OptimizationProfile range = new OptimizationProfile(
                "twice",
                List.of(new OptimizationProfile.Input(
                        "x",
                        DType.F32,
                        new Extents(List.of(1L, 24L), List.of(4L, 24L), List.of(10_000L, 24L)),
                        Optional.empty())));
        TensorRtEngine engine = engine(settings(BuildOptions.Weights.IN_PLAN, model -> Optional.of(range)));
        try (Session session = engine.open(doubled("twice", 2))) {
            runs(session, 1, 4, 2);
            device.limitBytes = 100_000;
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> runs(session, 2, 5000, 2))
                    .withMessageContaining("OUT_OF_MEMORY");
            runs(session, 3, 4, 2);
            runs(session, 4, 6, 2);
        }
    }

    @Test
    void shapesOutsideAGivenProfileAreRefusedWithTheRange() {
        OptimizationProfile range = new OptimizationProfile(
                "twice",
                List.of(new OptimizationProfile.Input(
                        "x",
                        DType.F32,
                        new Extents(List.of(2L, 24L), List.of(4L, 24L), List.of(6L, 24L)),
                        Optional.empty())));
        TensorRtEngine engine = engine(settings(BuildOptions.Weights.IN_PLAN, model -> Optional.of(range)));
        try (Session session = engine.open(doubled("twice", 2))) {
            runs(session, 1, 2, 2);
            runs(session, 1, 6, 2);
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> runs(session, 2, 7, 2))
                    .withMessageContainingAll("twice", "[7x24]", "[2, 24]", "[6, 24]", "Build TensorRT Engine");
        }
        assertThat(library.builds).isEqualTo(1);
    }

    @Test
    void anEngineIsBuiltOnceAndTakenFromTheCacheAfterwards() throws IOException {
        for (int time = 0; time < 3; time++) {
            try (Session session = engine().open(doubled("twice", 2))) {
                runs(session, time, 7, 2);
            }
        }
        assertThat(library.builds).isEqualTo(1);
        try (Session session = engine().open(doubled("twice", 3))) {
            runs(session, 1, 7, 3);
        }
        library.version = 101600;
        try (Session session = engine().open(doubled("twice", 2))) {
            runs(session, 1, 7, 2);
        }
        assertThat(library.builds).isEqualTo(3);
        assertThat(new EngineCache(cache).list())
                .hasSize(3)
                .extracting(CachedEngine::tensorRt)
                .containsExactlyInAnyOrder("10.15.1", "10.15.1", "10.16.0");
    }

    @Test
    void aDamagedEngineIsBuiltAgain() throws IOException {
        try (Session session = engine().open(doubled("twice", 2))) {
            runs(session, 1, 7, 2);
        }
        try (Stream<Path> files = Files.list(cache)) {
            Path plan = files.filter(file -> file.toString().endsWith(".plan"))
                    .findFirst()
                    .orElseThrow();
            byte[] bytes = Files.readAllBytes(plan);
            bytes[1] ^= 1;
            Files.write(plan, bytes);
        }
        try (Session session = engine().open(doubled("twice", 2))) {
            runs(session, 1, 7, 2);
        }
        assertThat(library.builds).isEqualTo(2);
    }

    @Test
    void strippedEnginesAreFilledFromTheGraphTheyWereBuiltFrom() {
        TensorRtSettings stripped = settings(BuildOptions.Weights.STRIPPED, TensorRtSettings.Profiles.AS_THEY_COME);
        for (float factor : new float[] {2, 3, 2}) {
            OnnxGraphBuilder graph = OnnxGraphBuilder.create("product");
            float[] values = new float[WIDTH * WIDTH * 4];
            for (int i = 0; i < WIDTH; i++) {
                values[i * WIDTH * 4 + i] = factor;
            }
            Value x = graph.input("x", DType.F32, Dim.of("rows"), Dim.of(WIDTH));
            Value w = graph.initializer("w", Tensor.of(Shape.of(WIDTH, WIDTH * 4), values));
            Value wide = graph.op(OnnxOp.MatMul, x, w);
            Value all = graph.op(OnnxOp.ReduceSum, Attributes.of("keepdims", 1), wide, graph.longs(1));
            graph.output("y", all, DType.F32, Dim.of("rows"), Dim.of(1));
            try (Session session = engine(stripped).open(graph.build(Map.of()))) {
                Tensor given = random(5, 2);
                float sum = 0;
                for (int i = 0; i < WIDTH; i++) {
                    sum += given.toFloatArray()[i];
                }
                assertThat(session.run(Map.of("x", given), "y", CancellationToken.NONE)
                                .toFloatArray()[0])
                        .isCloseTo(factor * sum, org.assertj.core.data.Offset.offset(1e-3f));
            }
        }
        assertThat(library.builds).as("weights are folded in").isEqualTo(2);
        assertThat(library.refits).isEqualTo(3);
    }

    @Test
    void operatorsOfOnnxRuntimeGoToTheEngineBeside() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("fused");
        Value x = graph.input("x", DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        graph.output("y", graph.op(OnnxOp.Gelu, x), DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        OnnxModel model = graph.build(Map.of());
        OnnxModel foreign = new OnnxModel(
                model.proto().toBuilder()
                        .setGraph(model.proto().getGraph().toBuilder()
                                .setNode(
                                        0,
                                        model.proto().getGraph().getNode(0).toBuilder()
                                                .setDomain("com.microsoft")))
                        .build(),
                Map.of());
        TensorRtEngine engine = engine();
        try (Session session = engine.open(foreign)) {
            assertThat(session.run(Map.of("x", random(1, 2)), "y", CancellationToken.NONE)
                            .shape())
                    .isEqualTo(Shape.of(2, WIDTH));
        }
        assertThat(library.builds).isZero();
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> engine.prepare(foreign, message -> {}, CancellationToken.NONE))
                .withMessageContainingAll("fused", "com.microsoft.Gelu");
    }
}
