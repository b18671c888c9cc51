package dev.quantreel.engines.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What every engine promises.
public abstract class EngineContractTest {

    private Engine engine;

    protected abstract EngineProvider provider();

    /// Nodes of the chain that the interrupt test runs; long enough that no machine ends it within a moment.
    protected abstract int chainLength();

    @BeforeEach
    void create() {
        engine = provider().create(EngineProvider.EngineOptions.DEFAULTS);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void theEngineHasTheIdOfItsProviderAndIsAvailable() {
        assertThat(engine.id()).isEqualTo(provider().id());
        assertThat(provider().probe()).isInstanceOf(EngineProvider.Availability.Available.class);
        assertThat(engine.description()).isNotBlank();
    }

    @Test
    void weightsOutsideTheMessageReachTheProduct() {
        Tensor weight = random(7, 40, 24);
        Tensor x = random(8, 3, 40);

        try (Session session = engine.open(product(weight))) {
            assertThat(session.inputs()).containsExactly("x");
            assertThat(session.outputs()).containsExactly("y");
            Tensor y = session.run(Map.of("x", x), "y", CancellationToken.NONE);

            assertThat(y.shape()).isEqualTo(Shape.of(3, 24));
            assertThat(y.toFloatArray()).containsExactly(multiply(x, weight), within());
        }
    }

    @Test
    void oneSessionServesAnyNumberOfRows() {
        Tensor weight = random(7, 40, 24);
        try (Session session = engine.open(product(weight))) {
            for (int rows : new int[] {1, 17, 2}) {
                Tensor x = random(rows, rows, 40);
                Tensor y = session.run(Map.of("x", x), "y", CancellationToken.NONE);

                assertThat(y.toFloatArray()).containsExactly(multiply(x, weight), within());
            }
        }
    }

    @Test
    void weightsMayBeReleasedOnceTheSessionIsOpen() {
        Tensor x = random(8, 3, 40);
        float[] expected = multiply(x, random(7, 40, 24));
        Session session;
        try (Arena arena = Arena.ofConfined()) {
            Tensor weight = Tensor.allocate(DType.F32, Shape.of(40, 24), arena);
            weight.data().copyFrom(random(7, 40, 24).data());
            session = engine.open(product(weight));
            weight.data().fill((byte) 0x41);
        }
        try (session) {
            assertThat(session.run(Map.of("x", x), "y", CancellationToken.NONE).toFloatArray())
                    .containsExactly(expected, within());
        }
    }

    @Test
    void packedNibblesAreUnpackedLowNibbleFirst() {
        byte[] codes = new byte[2048];
        new Random(3).nextBytes(codes);
        Tensor packed = Tensor.zeros(DType.U4, Shape.of(16, 256));
        packed.data().asByteBuffer().put(codes);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("nibbles");
        Value widened = graph.op(OnnxOp.Cast, Attributes.of("to", 1), graph.initializer("codes", packed));
        Value x = graph.input("x", DType.F32, Dim.of(1));
        graph.output("y", graph.op(OnnxOp.Add, widened, x), DType.F32, Dim.of(16), Dim.of(256));

        try (Session session = engine.open(graph.build(Map.of()))) {
            float[] y = session.run(Map.of("x", Tensor.of(Shape.of(1), 0.5f)), "y", CancellationToken.NONE)
                    .toFloatArray();
            for (int i = 0; i < y.length; i++) {
                int code = codes[i / 2] >> (i % 2 == 0 ? 0 : 4) & 15;
                assertThat(y[i]).isEqualTo(code + 0.5f);
            }
        }
    }

    @Test
    void everyElementTypePassesThrough() {
        Map<DType, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : new DType[] {DType.F32, DType.U8, DType.I8, DType.I32, DType.I64, DType.BOOL}) {
            Tensor tensor = Tensor.zeros(dtype, Shape.of(2, 3));
            for (long i = 0; i < tensor.data().byteSize(); i++) {
                tensor.data().set(ValueLayout.JAVA_BYTE, i, (byte) (dtype == DType.BOOL ? i % 2 : i * 37));
            }
            if (dtype == DType.I64) {
                tensor = Tensor.ofLongs(Shape.of(2, 3), 0, -1, 1L << 40, -(1L << 52), Integer.MIN_VALUE, 7);
            }
            tensors.put(dtype, tensor);
        }
        tensors.forEach((dtype, tensor) -> {
            OnnxGraphBuilder graph = OnnxGraphBuilder.create("identity");
            Value x = graph.input("x", dtype, Dim.of("rows"), Dim.of(3));
            graph.output("y", graph.op(OnnxOp.Identity, x), dtype, Dim.of("rows"), Dim.of(3));
            try (Session session = engine.open(graph.build(Map.of()))) {
                Tensor y = session.run(Map.of("x", tensor), "y", CancellationToken.NONE);

                assertThat(y.dtype()).isEqualTo(dtype);
                assertThat(y.data().mismatch(tensor.data())).isEqualTo(-1);
            }
        });
    }

    @Test
    void aWrongInputIsNamedWithWhatWouldBeAccepted() {
        try (Session session = engine.open(product(random(7, 40, 24)))) {
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> session.run(Map.of(), CancellationToken.NONE))
                    .withMessageContainingAll("product", "input x is missing", "F32[rowsx40]");
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> session.run(Map.of("x", random(1, 3, 41)), CancellationToken.NONE))
                    .withMessageContainingAll("input x is F32[3x41]", "F32[rowsx40]");
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() ->
                            session.run(Map.of("x", Tensor.zeros(DType.I32, Shape.of(3, 40))), CancellationToken.NONE))
                    .withMessageContaining("input x is I32[3x40]");
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() ->
                            session.run(Map.of("x", random(1, 3, 40), "z", Tensor.scalar(1)), CancellationToken.NONE))
                    .withMessageContaining("no input z");
        }
    }

    @Test
    void aGraphThatCannotRunIsRefusedByNameAtOpening() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("crooked");
        Value x = graph.input("x", DType.F32, Dim.of(3), Dim.of(4));
        graph.output("y", graph.op(OnnxOp.MatMul, x, x), DType.F32, Dim.of(3), Dim.of(4));

        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() ->
                        engine.open(graph.build(Map.of())).run(Map.of("x", random(1, 3, 4)), CancellationToken.NONE))
                .withMessageContainingAll("crooked", "MatMul");
    }

    @Test
    @Timeout(30)
    void aRunIsInterruptedBetweenItsNodes() throws InterruptedException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("chain");
        Value weight = graph.initializer("w", random(5, 256, 256));
        Value x = graph.input("x", DType.F32, Dim.of(256), Dim.of(256));
        Value y = x;
        for (int i = 0; i < chainLength(); i++) {
            y = graph.op(OnnxOp.Tanh, graph.op(OnnxOp.MatMul, y, weight));
        }
        graph.output("y", y, DType.F32, Dim.of(256), Dim.of(256));
        Interrupt interrupt = new Interrupt();
        Thread canceller = Thread.startVirtualThread(interrupt::cancelOnceRegistered);

        try (Session session = engine.open(graph.build(Map.of()))) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> session.run(Map.of("x", random(6, 256, 256)), interrupt));
        }
        canceller.join();
    }

    static Tensor random(long seed, long... dims) {
        Random random = new Random(seed);
        Shape shape = Shape.of(dims);
        float[] values = new float[(int) shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(shape, values);
    }

    private static OnnxModel product(Tensor weight) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("product");
        Value x = graph.input(
                "x", DType.F32, Dim.of("rows"), Dim.of(weight.shape().dim(0)));
        Value w = graph.initializer("w", weight);
        graph.output(
                "y",
                graph.op(OnnxOp.MatMul, x, w),
                DType.F32,
                Dim.of("rows"),
                Dim.of(weight.shape().dim(1)));
        return graph.build(Map.of());
    }

    private static float[] multiply(Tensor x, Tensor w) {
        int m = (int) x.shape().dim(0);
        int k = (int) x.shape().dim(1);
        int n = (int) w.shape().dim(1);
        float[] a = x.toFloatArray();
        float[] b = w.toFloatArray();
        float[] y = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    sum += (double) a[i * k + l] * b[l * n + j];
                }
                y[i * n + j] = (float) sum;
            }
        }
        return y;
    }

    private static org.assertj.core.data.Offset<Float> within() {
        return org.assertj.core.data.Offset.offset(1e-4f);
    }

    /// Cancels as soon as the engine has registered its hook (or, for one that polls, has asked twice).
    private static final class Interrupt implements CancellationToken {

        private final CountDownLatch registered = new CountDownLatch(2);
        private final AtomicBoolean cancelled = new AtomicBoolean();
        private volatile Runnable hook = () -> {};

        void cancelOnceRegistered() {
            try {
                registered.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            cancelled.set(true);
            hook.run();
        }

        @Override
        public boolean cancelled() {
            registered.countDown();
            return cancelled.get();
        }

        @Override
        public Registration onCancel(Runnable runnable) {
            hook = runnable;
            registered.countDown();
            return () -> hook = () -> {};
        }
    }
}
