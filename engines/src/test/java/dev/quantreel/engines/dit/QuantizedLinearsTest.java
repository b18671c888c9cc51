package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.ReferenceLinear;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizedLinearsTest {

    private static final int TOKENS = 24;
    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 48;
    private static final String LAYER = "blocks.0.self_attn.q";
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<ActivationQuantizer> modes() {
        return Stream.of(
                new ActivationQuantizer.Block(64),
                new ActivationQuantizer.Block(32),
                new ActivationQuantizer.BlockExact(64),
                new ActivationQuantizer.Token(),
                new ActivationQuantizer.TokenAsymmetric(),
                new ActivationQuantizer.Channel(),
                new ActivationQuantizer.ChannelToken(),
                new ActivationQuantizer.ChannelToken(Statistic.RMS),
                new ActivationQuantizer.RowNormalized(),
                new ActivationQuantizer.Centroids(),
                new ActivationQuantizer.Centroids(true),
                new ActivationQuantizer.DualScale(),
                new ActivationQuantizer.Unsigned(64),
                new ActivationQuantizer.Auto());
    }

    /// Integers of a size whose squares and rotations are exact in F32 in any order of summation.
    static ActivationMatrix integers() {
        float[] x = SyntheticData.gaussian(TOKENS * CHANNELS, 12, 5);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.rint(x[i]);
        }
        Arrays.fill(x, 3 * CHANNELS, 4 * CHANNELS, 0);
        return ActivationMatrix.of(CHANNELS, x);
    }

    private static QuantizedWeights quantized(ActivationQuantizer mode, int weightBits) {
        return quantized(mode, new WeightPlan(new WeightQuantizer.Pbq(), weightBits));
    }

    private static QuantizedWeights quantized(ActivationQuantizer mode, WeightPlan weight) {
        return quantized(new InputPlan(new RotationPlan.Hadamard(256, 11), mode), weight);
    }

    private static QuantizedWeights quantized(InputPlan input, int weightBits) {
        return quantized(input, new WeightPlan(new WeightQuantizer.Pbq(), weightBits));
    }

    private static QuantizedWeights quantized(InputPlan input, WeightPlan weight) {
        QuantizationPlan plan = new QuantizationPlan(weight, input, LayerRule.ALL);
        return QuantizedWeights.of(
                SyntheticData.linears(OUTPUTS, CHANNELS, LAYER),
                plan,
                List.of(LAYER),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
    }

    private static float[] reference(QuantizedWeights weights, ActivationMatrix x, int bits) {
        QuantizedMatrix matrix = weights.matrix(LAYER).orElseThrow();
        ActivationMatrix rotated = x.rotated(weights.rotation(matrix).orElseThrow());
        QuantizedActivation activation =
                QuantizedActivation.of(rotated, weights.plan().activations(), bits);
        float[] bias = weights.checkpoint().tensor(LAYER + ".bias").toFloatArray();
        return ReferenceLinear.of(matrix, bias).apply(activation);
    }

    private static OnnxModel model(LinearLayers linears, String... layers) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        LinearLayers.Input input = linears.prepare(graph, x, List.of(layers));
        for (String layer : layers) {
            Value y = linears.apply(graph, input, layer);
            graph.output(layer + ".y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        }
        return graph.build(Map.of());
    }

    private static Map<String, Tensor> run(OnnxModel model, ActivationMatrix x, Map<String, Tensor> scalars) {
        return run(ENGINE, model, x, scalars);
    }

    private static Map<String, Tensor> run(
            Engine engine, OnnxModel model, ActivationMatrix x, Map<String, Tensor> scalars) {
        Map<String, Tensor> inputs = new LinkedHashMap<>(scalars);
        inputs.put("x", tensor(x));
        try (Session session = engine.open(model)) {
            return session.run(inputs, CancellationToken.NONE);
        }
    }

    private static float[] floats(Map<String, Tensor> outputs, String name) {
        return Objects.requireNonNull(outputs.get(name), name).toFloatArray();
    }

    static Tensor tensor(ActivationMatrix x) {
        float[] values = new float[x.tokens() * x.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.at(i / x.channels(), i % x.channels());
        }
        return Tensor.of(Shape.of(1, x.tokens(), x.channels()), values);
    }

    private static void assertEqual(float[] actual, float[] expected) {
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        assertThat(largest).isPositive();
        assertThat(worst).as("worst difference of %s outputs", expected.length).isLessThan(1e-5 * largest);
    }

    @ParameterizedTest
    @MethodSource("modes")
    void oneGraphServesAllActivationBitsAndEqualsTheReference(ActivationQuantizer mode) {
        QuantizedWeights weights = quantized(mode, 4);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        OnnxModel model = model(linears, LAYER);
        ActivationMatrix x = integers();
        for (int bits : new int[] {4, 6, 8}) {
            float[] y = floats(run(model, x, linears.inputs(bits)), LAYER + ".y");
            assertEqual(y, reference(weights, x, bits));
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void theReferenceEngineAgrees(ActivationQuantizer mode) {
        QuantizedWeights weights = quantized(mode, 4);
        ActivationMatrix x = integers();
        Engine engine = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
        for (Arithmetic arithmetic : List.of(Arithmetic.INTEGER, Arithmetic.FUSED)) {
            QuantizedLinears linears = QuantizedLinears.of(weights, arithmetic);
            OnnxModel model = model(linears, LAYER);
            for (int bits : new int[] {4, 8}) {
                float[] y = floats(run(engine, model, x, linears.inputs(bits)), LAYER + ".y");
                assertEqual(y, reference(weights, x, bits));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void fixedBitsAndFakeQuantEqualTheReferenceToo(ActivationQuantizer mode) {
        QuantizedWeights weights = quantized(mode, 4);
        ActivationMatrix x = integers();
        for (int bits : new int[] {4, 8}) {
            float[] expected = reference(weights, x, bits);
            for (Arithmetic arithmetic : List.of(Arithmetic.INTEGER, Arithmetic.FAKE_QUANT)) {
                QuantizedLinears linears = QuantizedLinears.fixed(weights, arithmetic, bits);
                assertThat(linears.inputs(bits)).isEmpty();
                assertEqual(floats(run(model(linears, LAYER), x, Map.of()), LAYER + ".y"), expected);
            }
        }
    }

    @Test
    void weightsOfEveryWidthAreExact() {
        ActivationMatrix x = integers();
        Engine interpreter = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
        for (int bits : new int[] {2, 3, 5, 7, 8}) {
            for (ActivationQuantizer mode : List.of(
                    new ActivationQuantizer.Auto(),
                    new ActivationQuantizer.TokenAsymmetric(),
                    new ActivationQuantizer.Channel())) {
                QuantizedWeights weights = quantized(mode, bits);
                QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
                float[] expected = reference(weights, x, 8);
                assertEqual(floats(run(model(linears, LAYER), x, linears.inputs(8)), LAYER + ".y"), expected);
                OnnxModel fused = model(QuantizedLinears.of(weights, Arithmetic.FUSED), LAYER);
                assertEqual(floats(run(interpreter, fused, x, linears.inputs(8)), LAYER + ".y"), expected);
            }
        }
    }

    static Stream<WeightPlan> weightPlans() {
        WeightQuantizer pbq = new WeightQuantizer.Pbq();
        return Stream.of(
                new WeightPlan(pbq, 4, new Granularity.PerGroup(64)),
                new WeightPlan(pbq, 3, new Granularity.PerGroup(32)),
                new WeightPlan(pbq, 7, new Granularity.PerGroup(64)),
                new WeightPlan(pbq, 4, new Granularity.GroupMultiples(64)),
                new WeightPlan(pbq, 5, new Granularity.GroupMultiples(32)),
                new WeightPlan(new WeightQuantizer.Symmetric(), 4, new Granularity.PerGroup(64)),
                new WeightPlan(new WeightQuantizer.Hqq(), 4, new Granularity.PerGroup(64)),
                new WeightPlan(new WeightQuantizer.Hqq(), 3),
                new WeightPlan(new WeightQuantizer.ClipSearch(), 4),
                new WeightPlan(new WeightQuantizer.LloydMaxRows(), 4),
                new WeightPlan(new WeightQuantizer.LloydMaxRows(), 6),
                new WeightPlan(new WeightQuantizer.LloydMaxRows(), 3, new Granularity.PerGroup(64)));
    }

    @ParameterizedTest
    @MethodSource("weightPlans")
    void weightsOfEveryMethodEqualTheReferenceOnBothEngines(WeightPlan weight) {
        ActivationMatrix x = integers();
        Engine interpreter = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
        for (ActivationQuantizer mode : modes().toList()) {
            QuantizedWeights weights = quantized(mode, weight);
            QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
            OnnxModel model = model(linears, LAYER);
            OnnxModel fused = model(QuantizedLinears.of(weights, Arithmetic.FUSED), LAYER);
            float[] expected = reference(weights, x, 8);
            assertEqual(floats(run(model, x, linears.inputs(8)), LAYER + ".y"), expected);
            assertEqual(floats(run(interpreter, model, x, linears.inputs(8)), LAYER + ".y"), expected);
            assertEqual(floats(run(interpreter, fused, x, linears.inputs(8)), LAYER + ".y"), expected);
        }
    }

    @Test
    void multiplesOfARowsStepStayInIntegersAndStepsOfGroupsDoNot() {
        assertThat(operators(new Granularity.GroupMultiples(64))).contains("MatMulIntegerToFloat");
        assertThat(operators(new Granularity.PerGroup(64))).contains("MatMul").doesNotContain("MatMulIntegerToFloat");
    }

    private static List<String> operators(Granularity granularity) {
        QuantizedWeights weights =
                quantized(new ActivationQuantizer.Token(), new WeightPlan(new WeightQuantizer.Pbq(), 4, granularity));
        LinearLayers linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        return model(linears, LAYER).proto().getGraph().getNodeList().stream()
                .map(node -> node.getOpType())
                .toList();
    }

    @ParameterizedTest(name = "{0} outputs, {1}")
    @CsvSource({"4353, false", "4353, true", "300, false", "513, true"})
    void groupsInTilesOfAllSizesGiveTheExactProduct(int outputs, boolean multiples) {
        Granularity granularity = multiples ? new Granularity.GroupMultiples(64) : new Granularity.PerGroup(64);
        QuantizationPlan plan =
                QuantizationPlan.DVD_QUANT.withWeights(new WeightPlan(new WeightQuantizer.MinMax(), 4, granularity));
        QuantizedWeights weights = QuantizedWeights.of(
                SyntheticData.linears(outputs, CHANNELS, LAYER),
                plan,
                List.of(LAYER),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        OnnxModel model = wide(linears, outputs);
        ActivationMatrix x = integers();
        assertEqual(floats(run(model, x, linears.inputs(8)), "y"), reference(weights, x, 8));
    }

    @Test
    void eightBitsInGroupsAreExactToo() {
        WeightPlan weight = new WeightPlan(new WeightQuantizer.MinMax(), 8, new Granularity.PerGroup(64));
        QuantizedWeights weights = quantized(new ActivationQuantizer.Auto(), weight);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        ActivationMatrix x = integers();
        float[] y = floats(run(model(linears, LAYER), x, linears.inputs(8)), LAYER + ".y");
        assertEqual(y, reference(weights, x, 8));
    }

    private static OnnxModel wide(LinearLayers linears, int outputs) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("tiles");
        Value input = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, input, List.of(LAYER)), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(outputs));
        return graph.build(Map.of());
    }

    /// Sizes on both sides of the one from which on weights are streamed, with tiles of every kind: full ones, a
    /// narrower one, and a single last row.
    @ParameterizedTest(name = "{0} outputs, {1} bits")
    @CsvSource({"513, 4", "1031, 3", "4352, 4", "4353, 4", "4353, 8", "300, 8", "1, 4"})
    void tilesOfAllSizesGiveTheExactProduct(int outputs, int weightBits) {
        Checkpoint checkpoint = SyntheticData.linears(outputs, CHANNELS, LAYER);
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), weightBits);
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint, plan, List.of(LAYER), QuantizationProgress.NONE, CancellationToken.NONE);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        OnnxModel model = wide(linears, outputs);
        assertThat(model.streamed().isEmpty()).isEqualTo((long) outputs * CHANNELS < WeightEmitter.STREAMED_FROM);
        ActivationMatrix x = integers();
        for (int bits : new int[] {4, 8}) {
            assertEqual(floats(run(model, x, linears.inputs(bits)), "y"), reference(weights, x, bits));
        }
    }

    @Test
    void layersOfAGroupShareOneQuantizationAndKeptLayersStayExact() {
        Checkpoint checkpoint = SyntheticData.linears(OUTPUTS, CHANNELS, "q", "k", "v");
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withLayers(new LayerRule("^v$"));
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint, plan, List.of("q", "k", "v"), QuantizationProgress.NONE, CancellationToken.NONE);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        OnnxModel model = model(linears, "q", "k", "v");
        long branches = model.proto().getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals("If"))
                .count();
        assertThat(branches).isEqualTo(1);
        ActivationMatrix x = integers();
        Map<String, Tensor> quantized = run(model, x, linears.inputs(4));
        Map<String, Tensor> exact =
                run(model(new FloatLinears(new FloatWeights(checkpoint)), "q", "k", "v"), x, Map.of());
        assertEqual(floats(quantized, "v.y"), floats(exact, "v.y"));
        assertThat(floats(quantized, "q.y")).isNotEqualTo(floats(exact, "q.y"));
    }

    private static float[] exact(QuantizedWeights weights, ActivationMatrix x) {
        Map<String, Tensor> outputs =
                run(model(new FloatLinears(new FloatWeights(weights.checkpoint())), LAYER), x, Map.of());
        return floats(outputs, LAYER + ".y");
    }

    private static double decibels(float[] exact, float[] y) {
        double signal = 0;
        double noise = 0;
        for (int i = 0; i < y.length; i++) {
            signal += (double) exact[i] * exact[i];
            noise += Math.pow(exact[i] - y[i], 2);
        }
        return 10 * Math.log10(signal / noise);
    }

    @Test
    void weightOnlyQuantizationDeclaresNoInputs() {
        QuantizedWeights weights = quantized(new ActivationQuantizer.FullPrecision(), 8);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        ActivationMatrix x = integers();
        float[] y = floats(run(model(linears, LAYER), x, linears.inputs(8)), LAYER + ".y");
        assertThat(decibels(exact(weights, x), y)).isGreaterThan(35);
    }

    @Test
    void theSameCallsGiveTheSameBytes() {
        QuantizedWeights weights = quantized(new ActivationQuantizer.Auto(), 4);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        assertThat(model(linears, LAYER).proto().toByteArray())
                .isEqualTo(model(linears, LAYER).proto().toByteArray());
    }

    @Test
    void aForeignInputOrAGraphWithoutDeclarationIsRefused() {
        QuantizedLinears linears =
                QuantizedLinears.of(quantized(new ActivationQuantizer.Auto(), 4), Arithmetic.INTEGER);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("g");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(2), Dim.of(CHANNELS));
        assertThatIllegalStateException()
                .isThrownBy(() -> linears.prepare(graph, x, List.of(LAYER)))
                .withMessageContaining("declareInputs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> linears.apply(graph, new LinearLayers.Input() {}, LAYER))
                .withMessageContaining(LAYER);
    }
}
