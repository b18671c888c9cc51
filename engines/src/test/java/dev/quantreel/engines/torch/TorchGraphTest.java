package dev.quantreel.engines.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Deep Java Library's PyTorch engine itself, not a stand-in.
class TorchGraphTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final int TOKENS = 24;
    private static final int FRAMES = 4;
    private static final Objective SQUARES = new Objective(0, Optional.empty());

    @BeforeAll
    static void pyTorchIsThere() {
        assumeThat(TorchEngine.obstacle()).isEmpty();
    }

    @AfterAll
    static void close() {
        ORT.close();
    }

    /// Rounded to 4 bits per token as the block linears do it, and what those bits stand for.
    private static Value rounded(OnnxGraphBuilder graph, Value x) {
        Tensor zero = Tensor.zeros(DType.U8, Shape.of());
        zero.data().set(ValueLayout.JAVA_BYTE, 0, (byte) 128);
        Value absmax =
                graph.op(OnnxOp.ReduceMax, Attributes.of("keepdims", 1), graph.op(OnnxOp.Abs, x), graph.longs(-1));
        Value scale = graph.op(OnnxOp.Div, absmax, graph.constant(7f));
        Value zeroPoint = graph.op(OnnxOp.Expand, graph.constant(zero), graph.op(OnnxOp.Shape, scale));
        Attributes blocks = Attributes.of("axis", -1).and("block_size", 1 << 20);
        Value codes = graph.op(OnnxOp.QuantizeLinear, blocks, x, scale, zeroPoint);
        Value floats = graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), codes);
        return graph.op(OnnxOp.Mul, graph.op(OnnxOp.Sub, floats, graph.constant(128f)), scale);
    }

    private static Value estimated(OnnxGraphBuilder graph, Value x, int layer, Tensor weight) {
        Value alpha =
                graph.input(layer + ".alpha", DType.F32, Dim.of(weight.shape().dim(1)), Dim.of(1));
        Value beta = graph.input(
                layer + ".beta", DType.F32, Dim.of(1), Dim.of(weight.shape().dim(0)));
        Value frames = graph.input(layer + ".frames", DType.F32, Dim.of(FRAMES));
        long[] frameOf = new long[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            frameOf[i] = (long) i * FRAMES / TOKENS;
        }
        Value m = graph.op(OnnxOp.Gather, Attributes.of("axis", 0), frames, graph.longs(frameOf));
        Value delta =
                graph.op(OnnxOp.Mul, graph.op(OnnxOp.MatMul, x, alpha), graph.op(OnnxOp.Unsqueeze, m, graph.longs(1)));
        Value stored =
                graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), graph.initializer("weight." + layer, weight));
        Value product = graph.op(OnnxOp.MatMul, rounded(graph, x), stored);
        return graph.op(OnnxOp.Add, product, graph.op(OnnxOp.MatMul, delta, beta));
    }

    private static Map<String, Tensor> parameters(SafetensorsFile file) {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (int layer = 0; layer < 2; layer++) {
            Tensor alpha = file.tensor("parameter." + layer + ".alpha");
            Tensor beta = file.tensor("parameter." + layer + ".beta");
            parameters.put(layer + ".alpha", alpha.reshape(alpha.elements(), 1));
            parameters.put(layer + ".beta", beta.reshape(1, beta.elements()));
            parameters.put(layer + ".frames", file.tensor("parameter." + layer + ".frames"));
        }
        return parameters;
    }

    @Test
    void lossAndGradientsAreThoseOfTheIndependentTwin() {
        try (SafetensorsFile file = GoldenResource.open("trained_estimation.safetensors")) {
            OnnxGraphBuilder graph = OnnxGraphBuilder.create("twin");
            Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(TOKENS), Dim.of(16));
            Value h = new NeuralOps(graph, Dialect.STANDARD).geluExact(estimated(graph, x, 0, file.tensor("weight.0")));
            Value y = estimated(graph, h, 1, file.tensor("weight.1"));
            graph.output("y", y, DType.F32, Dim.of(1), Dim.of(TOKENS), Dim.of(12));
            TorchGraph.Example example = new TorchGraph.Example(
                    Map.of("x", file.tensor("x").reshape(1, TOKENS, 16)),
                    Map.of("y", file.tensor("target").reshape(1, TOKENS, 12)));
            Objective objective = new Objective(100, Optional.of(new Objective.Clip("y", FRAMES)));

            try (TorchGraph torch = TorchGraph.open(ORT, graph.build(Map.of()))) {
                TorchGraph.Outcome outcome = torch.gradients(example, parameters(file), objective, NONE);

                assertThat(outcome.error()).isCloseTo(number(file, "error"), within(1e-5));
                assertThat(outcome.temporal()).isCloseTo(number(file, "temporal"), within(1e-6));
                assertThat(outcome.gradients()).hasSize(6);
                outcome.gradients().forEach((name, gradient) -> {
                    Tensor expected = file.tensor("gradient." + name);
                    for (int i = 0; i < gradient.length; i++) {
                        double wanted = expected.data().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i);
                        assertThat((double) gradient[i]).as(name + " " + i).isCloseTo(wanted, within(2e-5));
                    }
                });
                TorchGraph.Outcome forward = torch.loss(example, parameters(file), objective, NONE);
                assertThat(forward.loss(objective)).isEqualTo(outcome.loss(objective));
            }
        }
    }

    private static double number(SafetensorsFile file, String name) {
        return file.tensor(name).data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0);
    }

    private static Tensor random(int seed, long... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.of(shape, SyntheticData.gaussian(Math.toIntExact(shape.elements()), 1, seed));
    }

    /// What the trunks are made of: attention in chunks, norms, rotary positions, modulation.
    private static OnnxModel block() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("block");
        NeuralOps ops = new NeuralOps(graph, Dialect.STANDARD);
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(8));
        Value p = graph.input("p", DType.F32, Dim.of(8), Dim.of(8));
        Value normal = ops.layerNorm(x, 8, 1e-6f);
        Value q = ops.rmsNorm(graph.op(OnnxOp.MatMul, normal, p), 8, 1e-6f);
        Value turned = ops.rotate(
                q, graph.initializer("cos", random(3, TOKENS, 2)), graph.initializer("sin", random(4, TOKENS, 2)), 2);
        Value mixed = ops.attention(turned, normal, x, graph.none, new NeuralOps.Heads(2, 0.5f));
        Value halves = graph.op(OnnxOp.Slice, mixed, graph.longs(2), graph.longs(8), graph.longs(2));
        Value active = graph.op(OnnxOp.Concat, Attributes.of("axis", -1), ops.silu(halves), ops.gelu(halves));
        graph.output("y", active, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(12));
        return graph.build(Map.of());
    }

    @Test
    void gradientsAreTheSlopesOfTheLoss() {
        TorchGraph.Example example =
                new TorchGraph.Example(Map.of("x", random(1, 1, TOKENS, 8)), Map.of("y", random(2, 1, TOKENS, 12)));
        Objective objective = new Objective(3, Optional.of(new Objective.Clip("y", FRAMES)));
        float[] p = random(5, 8, 8).toFloatArray();
        try (TorchGraph torch = TorchGraph.open(ORT, block())) {
            TorchGraph.Outcome outcome = torch.gradients(example, parameter(p), objective, NONE);
            float[] gradient = Objects.requireNonNull(outcome.gradients().get("p"));

            for (int i = 0; i < p.length; i += 7) {
                double step = 1e-2;
                double slope =
                        (moved(torch, example, objective, p, i, step) - moved(torch, example, objective, p, i, -step))
                                / (2 * step);
                assertThat((double) gradient[i]).as("p " + i).isCloseTo(slope, within(2e-4));
            }
        }
    }

    private static double moved(
            TorchGraph torch, TorchGraph.Example example, Objective objective, float[] p, int index, double by) {
        float[] other = p.clone();
        other[index] += (float) by;
        return torch.loss(example, parameter(other), objective, NONE).loss(objective);
    }

    private static Map<String, Tensor> parameter(float[] p) {
        return Map.of("p", Tensor.of(Shape.of(8, 8), p));
    }

    @Test
    void inputsOfOtherShapesAreServedByTheSameGraph() {
        try (TorchGraph torch = TorchGraph.open(ORT, block())) {
            double first = lossOf(torch, TOKENS);
            lossOf(torch, TOKENS / 2);

            assertThat(lossOf(torch, TOKENS)).isEqualTo(first);
        }
    }

    private static double lossOf(TorchGraph torch, int tokens) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("sum");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(8));
        graph.output("y", graph.op(OnnxOp.Reshape, x, graph.longs(1, -1)), DType.F32, Dim.of(1), Dim.of("all"));
        try (TorchGraph own = TorchGraph.open(ORT, graph.build(Map.of()))) {
            TorchGraph used = tokens == TOKENS ? torch : own;
            Tensor target = tokens == TOKENS ? random(2, 1, tokens, 12) : random(2, 1, tokens * 8L);
            return used.loss(
                            new TorchGraph.Example(Map.of("x", random(1, 1, tokens, 8)), Map.of("y", target)),
                            tokens == TOKENS ? parameter(random(5, 8, 8).toFloatArray()) : Map.of(),
                            SQUARES,
                            NONE)
                    .error();
        }
    }

    @Test
    void whoStopsWaitsForNothing() {
        CancellationToken stopped = new CancellationToken() {
            private int polls;

            @Override
            public boolean cancelled() {
                polls++;
                return polls > 3;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        TorchGraph.Example example =
                new TorchGraph.Example(Map.of("x", random(1, 1, TOKENS, 8)), Map.of("y", random(2, 1, TOKENS, 12)));
        try (TorchGraph torch = TorchGraph.open(ORT, block())) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() ->
                            torch.gradients(example, parameter(random(5, 8, 8).toFloatArray()), SQUARES, stopped));
            assertThat(torch.gradients(example, parameter(random(5, 8, 8).toFloatArray()), SQUARES, NONE)
                            .gradients())
                    .as("afterwards it serves others")
                    .containsKey("p");
        }
    }

    @Test
    void anOperatorWithoutGradientIsNamed() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("odd");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(4), Dim.of(8));
        Value wide = graph.op(OnnxOp.MatMulInteger, x, graph.constant(Tensor.zeros(DType.U8, Shape.of(8, 8))));
        graph.output("y", wide, DType.F32, Dim.of(1), Dim.of(4), Dim.of(8));
        try (TorchGraph torch = TorchGraph.open(ORT, graph.build(Map.of()))) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> torch.loss(
                            new TorchGraph.Example(Map.of("x", random(1, 1, 4, 8)), Map.of("y", random(2, 1, 4, 8))),
                            Map.of(),
                            SQUARES,
                            NONE))
                    .withMessageContaining("MatMulInteger");
        }
    }

    /// Deep Java Library frees what no Java object holds, though PyTorch may still need it to go back.
    @Test
    void gradientsAreTheSameWhateverTheGarbageCollectorDoes() {
        TorchGraph.Example example =
                new TorchGraph.Example(Map.of("x", random(1, 1, TOKENS, 8)), Map.of("y", random(2, 1, TOKENS, 12)));
        float[] p = random(5, 8, 8).toFloatArray();
        AtomicBoolean done = new AtomicBoolean();
        Thread.ofPlatform().daemon().start(() -> {
            while (!done.get()) {
                System.gc();
            }
        });
        try (TorchGraph torch = TorchGraph.open(ORT, block())) {
            TorchGraph.Outcome outcome = torch.gradients(example, parameter(p), SQUARES, NONE);
            float[] first = Objects.requireNonNull(outcome.gradients().get("p"));
            for (int i = 0; i < 40; i++) {
                assertThat(torch.gradients(example, parameter(p), SQUARES, NONE)
                                .gradients()
                                .get("p"))
                        .containsExactly(first);
            }
        } finally {
            done.set(true);
        }
    }
}
