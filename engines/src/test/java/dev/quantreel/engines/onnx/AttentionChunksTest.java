package dev.quantreel.engines.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.onnx.NeuralOps.Heads;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionChunksTest {

    private static final Dim[] SHAPE = {Dim.of("batch"), Dim.of("tokens"), Dim.of(24)};
    private static final Dim[] CONTEXT = {Dim.of("batch"), Dim.of("context"), Dim.of(24)};
    private static final Heads HEADS = new Heads(3, 0.35f);

    /// Attention of 3 heads of 8, and how the queries were cut.
    ///
    /// @param scores at once; 0 takes the dialect's own
    private static OnnxModel model(Dialect dialect, long scores) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("attention");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value q = graph.input("q", DType.F32, SHAPE);
        Value k = graph.input("k", DType.F32, CONTEXT);
        Value v = graph.input("v", DType.F32, CONTEXT);
        Value mixed = scores == 0 ? ops.attention(q, k, v, graph.none, HEADS) : ops.inChunks(q, k, v, HEADS, scores);
        graph.output("mixed", mixed, DType.F32, SHAPE);
        if (scores > 0) {
            Value parts = ops.chunks(q, k, HEADS, scores);
            graph.output("cut", graph.op(OnnxOp.Shape, parts), DType.I64, Dim.of(4));
        }
        return graph.build(Map.of());
    }

    private static Map<String, Tensor> inputs(int batch, int tokens, int context) {
        return Map.of(
                "q", TorchNoise.gaussian(1, Shape.of(batch, tokens, 24)),
                "k", TorchNoise.gaussian(2, Shape.of(batch, context, 24)),
                "v", TorchNoise.gaussian(3, Shape.of(batch, context, 24)));
    }

    private static Map<String, Tensor> run(Engine engine, OnnxModel model, Map<String, Tensor> inputs) {
        OnnxValidation.check(model);
        try (engine;
                Session session = engine.open(model)) {
            return session.run(inputs, CancellationToken.NONE);
        }
    }

    private static Tensor of(Map<String, Tensor> results, String name) {
        return Objects.requireNonNull(results.get(name), name);
    }

    private static Engine ort() {
        return new OrtEngineProvider().create(EngineOptions.DEFAULTS);
    }

    private static Engine reference() {
        return new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        float[] a = actual.toFloatArray();
        float[] e = expected.toFloatArray();
        for (int i = 0; i < a.length; i++) {
            assertThat(Math.abs(a[i] - e[i])).as("value " + i).isLessThan(2e-6f);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 37, 37, 600", "1, 37, 11, 600", "2, 16, 16, 600", "1, 5, 4, 1", "1, 1, 9, 600", "1, 40, 40, 100000"
    })
    void anyCutGivesTheResultOfTheFusedOperatorWithinTheBudget(int batch, int tokens, int context, long scores) {
        Map<String, Tensor> inputs = inputs(batch, tokens, context);
        Tensor fused = of(run(ort(), model(Dialect.ONNX_RUNTIME, 0), inputs), "mixed");
        OnnxModel cut = model(Dialect.STANDARD, scores);

        for (Engine engine : new Engine[] {ort(), reference()}) {
            Map<String, Tensor> results = run(engine, cut, inputs);
            assertClose(of(results, "mixed"), fused);
            long[] parts = of(results, "cut").data().toArray(ValueLayout.JAVA_LONG);
            assertThat(parts[0] * parts[2]).as("every query is in a part").isGreaterThanOrEqualTo(tokens);
            assertThat(parts[0] * parts[2] - tokens).as("filled up").isLessThan(parts[0]);
            long atOnce = batch * 3L * parts[2] * context;
            assertThat(atOnce).isLessThanOrEqualTo(Math.max(scores, batch * 3L * context));
        }
    }

    @Test
    void memoryDoesNotGrowWithTheSquareOfTheTokens() {
        int tokens = 12_000;
        long square = 4L * 3 * tokens * tokens;
        Map<String, Tensor> inputs = inputs(1, tokens, tokens);
        run(ort(), model(Dialect.STANDARD, 0), inputs(1, 64, 64));
        if (!ResidentMemory.resetPeak()) {
            return;
        }
        long before = ResidentMemory.now().peakBytes();
        run(ort(), model(Dialect.STANDARD, 0), inputs);

        assertThat(ResidentMemory.now().peakBytes() - before).isLessThan(square / 2);
    }
}
