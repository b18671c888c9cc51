package dev.quantreel.engines.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TypeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
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
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// One linear in every form beside its twin in plain Java.
class ExportedLinearTest {

    private static final int TOKENS = 24;
    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 48;
    private static final String LAYER = "blocks.0.self_attn.q";
    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    static Stream<ActivationQuantizer> modes() {
        return Stream.of(
                new ActivationQuantizer.Block(64),
                new ActivationQuantizer.BlockExact(64),
                new ActivationQuantizer.Token(),
                new ActivationQuantizer.TokenAsymmetric(),
                new ActivationQuantizer.Channel(),
                new ActivationQuantizer.ChannelToken(),
                new ActivationQuantizer.RowNormalized(),
                new ActivationQuantizer.Centroids(),
                new ActivationQuantizer.Centroids(true),
                new ActivationQuantizer.DualScale(),
                new ActivationQuantizer.Unsigned(64),
                new ActivationQuantizer.Auto());
    }

    static Stream<WeightPlan> weightPlans() {
        return Stream.of(
                new WeightPlan(new WeightQuantizer.Bgr(), 4),
                new WeightPlan(new WeightQuantizer.MinMax(), 4),
                new WeightPlan(new WeightQuantizer.MinMax(), 8),
                new WeightPlan(new WeightQuantizer.Symmetric(), 4),
                new WeightPlan(new WeightQuantizer.Bgr(), 3),
                new WeightPlan(new WeightQuantizer.LloydMaxRows(), 4),
                new WeightPlan(new WeightQuantizer.Hqq(), 4, new Granularity.PerGroup(64)),
                new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.PerGroup(64)),
                new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.GroupMultiples(64)));
    }

    static Stream<Arguments> modesAndWeights() {
        return modes().flatMap(mode -> weightPlans()
                .filter(weight -> !mode.multipliesBlocks() || weight.bits() < 8)
                .map(weight -> Arguments.of(mode, weight)));
    }

    @ParameterizedTest
    @MethodSource("modesAndWeights")
    void theIntegerFormIsTheTwin(ActivationQuantizer mode, WeightPlan weight) {
        QuantizedWeights weights = quantized(mode, weight);
        for (int bits : new int[] {4, 8}) {
            QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
            OnnxModel model = GraphNames.standard(StandardProducts.of(model(linears)));
            float[] expected = twin(weights, bits);

            assertThat(model.proto().getGraph().getNodeList())
                    .extracting(NodeProto::getDomain)
                    .containsOnly("");
            assertClose(run(model, linears.inputs(bits)), expected, 1e-6);
        }
    }

    /// Integers leave the graph before they are scaled: all are equal, not close.
    @ParameterizedTest
    @MethodSource("weightPlans")
    void theSumsAreTheTwinsIntegers(WeightPlan weight) {
        QuantizedWeights weights = quantized(new ActivationQuantizer.Token(), weight);
        QuantizedMatrix matrix = weights.matrix(LAYER).orElseThrow();
        if (!matrix.isInteger()) {
            return;
        }
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        OnnxModel model = withSums(GraphNames.standard(StandardProducts.of(model(linears))));
        Map<String, Tensor> inputs = new LinkedHashMap<>(linears.inputs(8));
        inputs.put("x", x());
        QuantizedActivation activation = activation(weights, 8);
        ReferenceLinear twin = ReferenceLinear.of(matrix);
        try (Session session = ENGINE.open(model)) {
            Map<String, Tensor> outputs = session.run(inputs, NONE);
            int first = 0;
            for (String name : session.outputs()) {
                Tensor sums = Objects.requireNonNull(outputs.get(name));
                if (sums.dtype() != DType.I32) {
                    continue;
                }
                int count = (int) sums.shape().dim(2);
                for (int i = 0; i < TOKENS; i++) {
                    for (int o = 0; o < count; o++) {
                        long exact = twin.accumulate(activation, i, first + o)[0];
                        assertThat(sums.data().get(INT, 4L * (i * count + o))).isEqualTo(Math.toIntExact(exact));
                    }
                }
                first += count;
            }
            assertThat(first).isEqualTo(OUTPUTS);
        }
    }

    /// Whose 8-bit codes are those of a constant scale behind a division.
    static Stream<Arguments> nativeAtEightBits() {
        return Stream.of(
                        new ActivationQuantizer.Token(),
                        new ActivationQuantizer.RowNormalized(),
                        new ActivationQuantizer.Block(64),
                        new ActivationQuantizer.DualScale(),
                        new ActivationQuantizer.Auto())
                .flatMap(mode -> weightPlans().map(weight -> Arguments.of(mode, weight)));
    }

    @ParameterizedTest
    @MethodSource("nativeAtEightBits")
    void int8IsTheTwinWhereRowsHaveOneStep(ActivationQuantizer mode, WeightPlan weight) {
        QuantizedWeights weights = quantized(mode, weight);
        QuantizedMatrix matrix = weights.matrix(LAYER).orElseThrow();
        Carried carried = carried(weights, ExportForm.QDQ_INT8, ComputePrecision.FP32, RecodingPolicy.REQUANTIZE);

        assertThat(carried.report.exact()).isEqualTo(matrix.isInteger());
        // Groups with steps of their own are rounded to 127 steps of the row.
        assertThat(carried.report.extraError()).isLessThan(0.01);
        assertClose(run(carried.model, Map.of()), twin(weights, 8), matrix.isInteger() ? 1e-6 : 0.02);
    }

    @ParameterizedTest
    @MethodSource("modes")
    void int8StandsForEveryOtherQuantizer(ActivationQuantizer mode) {
        QuantizedWeights weights = quantized(mode, new WeightPlan(new WeightQuantizer.Bgr(), 4));
        Carried carried = carried(weights, ExportForm.QDQ_INT8, ComputePrecision.FP32, RecodingPolicy.REFUSE);

        assertClose(run(carried.model, Map.of()), unrounded(weights), 0.03);
    }

    @ParameterizedTest
    @MethodSource("weightPlans")
    void int4HoldsEveryEvenGridOfFourBits(WeightPlan weight) {
        QuantizedWeights weights = quantized(new ActivationQuantizer.FullPrecision(), weight);
        boolean table = weight.quantizer() instanceof WeightQuantizer.LloydMaxRows;
        Carried carried = carried(weights, ExportForm.INT4, ComputePrecision.FP32, RecodingPolicy.REQUANTIZE);

        assertThat(carried.report.exact()).isEqualTo(!table);
        assertThat(carried.report.carried()).isEqualTo(weight.bits() == 8 ? "values" : "INT4 g64");
        assertClose(run(carried.model, Map.of()), unrounded(weights), table ? 0.3 : 1e-6);
        if (table) {
            assertThat(carried.report.extraError()).isBetween(0.01, 0.12);
            assertThatThrownBy(() -> carried(weights, ExportForm.INT4, ComputePrecision.FP32, RecodingPolicy.REFUSE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(LAYER)
                    .hasMessageContaining("INT4 g64");
        }
    }

    @ParameterizedTest
    @MethodSource("weightPlans")
    void fp8HoldsLevelsOfUpToSixteen(WeightPlan weight) {
        QuantizedWeights weights = quantized(new ActivationQuantizer.Token(), weight);
        Carried carried = carried(weights, ExportForm.FP8, ComputePrecision.FP32, RecodingPolicy.REQUANTIZE);
        boolean small = weights.matrix(LAYER).orElseThrow().isInteger()
                && weight.bits() <= 4
                && weight.granularity() instanceof Granularity.PerRow
                && !(weight.quantizer() instanceof WeightQuantizer.LloydMaxRows);

        assertThat(carried.report.exact()).isEqualTo(small);
        assertThat(carried.report.extraError()).isLessThan(0.04);
        assertClose(run(carried.model, Map.of()), twin(weights, 8), 0.08);
    }

    @Test
    void scalesInSixteenBitsKeepTheWeights() {
        QuantizedWeights weights =
                quantized(new ActivationQuantizer.Token(), new WeightPlan(new WeightQuantizer.Bgr(), 4));
        for (ComputePrecision precision : List.of(ComputePrecision.BF16, ComputePrecision.FP16)) {
            CarriedWeight weight = new WeightCarrier(precision, RecodingPolicy.REFUSE, NONE)
                    .carry(
                            new WeightCarrier.Layer(LAYER, weights.matrix(LAYER).orElseThrow(), Optional.empty()),
                            new RowForm.Int8(precision));
            float[] scales = weight.scales().toFloatArray();
            float[] factors = weight.factors().orElseThrow().toFloatArray();
            for (int o = 0; o < OUTPUTS; o++) {
                assertThat(precision.rounded(scales[o])).isEqualTo(scales[o]);
                assertThat(scales[o] * factors[o])
                        .isCloseTo(weights.matrix(LAYER).orElseThrow().step(o), Percentage.withPercentage(3e-5));
            }
        }
    }

    private record Carried(OnnxModel model, RecodedLayer report) {}

    private static Carried carried(
            QuantizedWeights weights, ExportForm form, ComputePrecision precision, RecodingPolicy policy) {
        ExportSettings settings =
                ExportSettings.of(form, precision).with(policy).withBlockSize(64);
        ProductForm products = new ProductForm(
                settings,
                new WeightCarrier(precision, policy, NONE),
                layer -> Optional.empty(),
                UnaryOperator.identity());
        OnnxModel model = StrongTyping.of(
                ConstantWeights.of(model(new CarriedLinears(weights, products))),
                precision,
                name -> false,
                UnaryOperator.identity());
        return new Carried(GraphNames.standard(model), products.report().getFirst());
    }

    private static QuantizedWeights quantized(ActivationQuantizer mode, WeightPlan weight) {
        QuantizationPlan plan =
                new QuantizationPlan(weight, new InputPlan(new RotationPlan.Hadamard(256, 11), mode), LayerRule.ALL);
        return QuantizedWeights.of(
                SyntheticData.linears(OUTPUTS, CHANNELS, LAYER), plan, List.of(LAYER), QuantizationProgress.NONE, NONE);
    }

    /// Integers of a size whose squares and rotations are exact in F32 in any order of summation.
    private static ActivationMatrix activations() {
        float[] x = SyntheticData.gaussian(TOKENS * CHANNELS, 12, 5);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.rint(x[i]);
        }
        Arrays.fill(x, 3 * CHANNELS, 4 * CHANNELS, 0);
        return ActivationMatrix.of(CHANNELS, x);
    }

    private static Tensor x() {
        ActivationMatrix x = activations();
        float[] values = new float[TOKENS * CHANNELS];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.at(i / CHANNELS, i % CHANNELS);
        }
        return Tensor.of(Shape.of(1, TOKENS, CHANNELS), values);
    }

    private static ActivationMatrix rotated(QuantizedWeights weights) {
        return activations()
                .rotated(weights.rotation(weights.matrix(LAYER).orElseThrow()).orElseThrow());
    }

    private static QuantizedActivation activation(QuantizedWeights weights, int bits) {
        return QuantizedActivation.of(rotated(weights), weights.plan().activations(), bits);
    }

    private static float[] twin(QuantizedWeights weights, int bits) {
        float[] bias = weights.checkpoint().tensor(LAYER + ".bias").toFloatArray();
        return ReferenceLinear.of(weights.matrix(LAYER).orElseThrow(), bias).apply(activation(weights, bits));
    }

    /// Activations as they are, times the stored weights.
    private static float[] unrounded(QuantizedWeights weights) {
        QuantizedMatrix matrix = weights.matrix(LAYER).orElseThrow();
        float[] bias = weights.checkpoint().tensor(LAYER + ".bias").toFloatArray();
        ActivationMatrix x = rotated(weights);
        float[] out = new float[TOKENS * OUTPUTS];
        for (int i = 0; i < TOKENS; i++) {
            for (int o = 0; o < OUTPUTS; o++) {
                double sum = bias[o];
                for (int k = 0; k < CHANNELS; k++) {
                    sum += (double) x.at(i, k) * matrix.value(o, k);
                }
                out[i * OUTPUTS + o] = (float) sum;
            }
        }
        return out;
    }

    private static OnnxModel model(LinearLayers linears) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of(LAYER)), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        return graph.build(Map.of());
    }

    private static OnnxModel withSums(OnnxModel model) {
        GraphProto.Builder graph = model.proto().getGraph().toBuilder();
        for (NodeProto node : model.proto().getGraph().getNodeList()) {
            if (node.getOpType().equals("MatMulInteger")) {
                graph.addOutput(ValueInfoProto.newBuilder()
                        .setName(node.getOutput(0))
                        .setType(TypeProto.newBuilder()
                                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(OnnxTypes.code(DType.I32)))));
            }
        }
        return new OnnxModel(model.proto().toBuilder().setGraph(graph).build(), model.weights());
    }

    private static float[] run(OnnxModel model, Map<String, Tensor> scalars) {
        Map<String, Tensor> inputs = new LinkedHashMap<>(scalars);
        inputs.put("x", x());
        try (Session session = ENGINE.open(model)) {
            return session.run(inputs, "y", NONE).toFloatArray();
        }
    }

    private static void assertClose(float[] actual, float[] expected, double share) {
        double error = 0;
        double energy = 0;
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            error += Math.pow(actual[i] - (double) expected[i], 2);
            energy += Math.pow(expected[i], 2);
        }
        assertThat(Math.sqrt(error / energy)).isLessThan(share);
    }
}
