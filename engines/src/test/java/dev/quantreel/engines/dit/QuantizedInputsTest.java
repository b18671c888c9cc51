package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LayerSqnr;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.ReferenceLinear;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What happens to inputs before they are quantized: rotations and the mean of a token.
class QuantizedInputsTest {

    private static final int TOKENS = 24;
    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 48;
    private static final String LAYER = "blocks.0.self_attn.q";

    private static QuantizedWeights quantized(InputPlan input, int weightBits) {
        WeightPlan weight = new WeightPlan(new WeightQuantizer.Pbq(), weightBits);
        return QuantizedWeights.of(
                SyntheticData.linears(OUTPUTS, CHANNELS, LAYER),
                new QuantizationPlan(weight, input, LayerRule.ALL),
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

    private static float[] run(LinearLayers linears, ActivationMatrix x, int bits) {
        return run(new OrtEngineProvider(), linears, x, bits);
    }

    private static float[] run(EngineProvider engine, LinearLayers linears, ActivationMatrix x, int bits) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value input = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, input, List.of(LAYER)), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        Map<String, Tensor> inputs = new HashMap<>(linears.inputs(bits));
        float[] values = new float[x.tokens() * CHANNELS];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.at(i / CHANNELS, i % CHANNELS);
        }
        inputs.put("x", Tensor.of(Shape.of(1, x.tokens(), CHANNELS), values));
        try (Session session = engine.create(new EngineOptions(1)).open(graph.build(Map.of()))) {
            return Objects.requireNonNull(
                            session.run(inputs, CancellationToken.NONE).get("y"))
                    .toFloatArray();
        }
    }

    private static double decibels(QuantizedWeights weights, ActivationMatrix x, int bits) {
        float[] exact = run(new FloatLinears(new FloatWeights(weights.checkpoint())), x, bits);
        float[] y = run(QuantizedLinears.of(weights, Arithmetic.INTEGER), x, bits);
        double signal = 0;
        double noise = 0;
        for (int i = 0; i < y.length; i++) {
            signal += (double) exact[i] * exact[i];
            noise += Math.pow(exact[i] - y[i], 2);
        }
        return 10 * Math.log10(signal / noise);
    }

    /// Tokens whose means are exact: pairs of a value and its opposite, and the offset.
    private static ActivationMatrix offset(int offset) {
        float[] x = SyntheticData.gaussian(TOKENS * CHANNELS, 12, 5);
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 2 == 1 ? 2 * offset - x[i - 1] : offset + (float) Math.rint(x[i]);
        }
        return ActivationMatrix.of(CHANNELS, x);
    }

    static Stream<RotationPlan> rotations() {
        return Stream.of(
                new RotationPlan.None(),
                new RotationPlan.Hadamard(64, 3),
                new RotationPlan.Full(3),
                new RotationPlan.Permuted(3),
                new RotationPlan.Regular(256));
    }

    @ParameterizedTest
    @MethodSource("rotations")
    void everyRotationIsUndoneByTheWeights(RotationPlan rotation) {
        QuantizedWeights weights = quantized(new InputPlan(rotation, new ActivationQuantizer.Token()), 8);
        assertThat(decibels(weights, offset(0), 8)).isGreaterThan(30);
    }

    @Test
    void theMeanOfATokenGoesPastTheQuantizationExactly() {
        InputPlan plan = new InputPlan(new RotationPlan.Hadamard(256, 11), new ActivationQuantizer.Token());
        QuantizedWeights plain = quantized(plan, 4);
        QuantizedWeights split = quantized(plan.withMeanSplit(true), 4);
        WeightMatrix stored = WeightMatrix.of(LAYER, split.checkpoint().tensor(LAYER + ".weight"));
        float[] sums = stored.rowSums(RowTasks.parallel(CancellationToken.NONE));
        for (Arithmetic arithmetic : Arithmetic.values()) {
            for (int bits : new int[] {4, 8}) {
                float[] expected = reference(plain, offset(0), bits);
                EngineProvider engine =
                        arithmetic == Arithmetic.FUSED ? new ReferenceEngineProvider() : new OrtEngineProvider();
                float[] actual = run(engine, QuantizedLinears.of(split, arithmetic), offset(64), bits);
                for (int i = 0; i < expected.length; i++) {
                    float mean = 64 * sums[i % OUTPUTS];
                    float size = Math.abs(expected[i]) + Math.abs(mean) + 1;
                    assertThat(actual[i]).isCloseTo(expected[i] + mean, within(2e-6f * size));
                }
            }
        }
    }

    @Test
    void splittingTheMeanHelpsWhereChannelsHaveAnOffset() {
        ActivationMatrix x = offset(40);
        InputPlan plan = new InputPlan(new RotationPlan.Regular(256), new ActivationQuantizer.Token());
        assertThat(decibels(quantized(plan.withMeanSplit(true), 8), x, 4))
                .isGreaterThan(decibels(quantized(plan, 8), x, 4) + 3);
    }

    @ParameterizedTest
    @MethodSource("rotations")
    void theReportMeasuresWhatTheGraphComputes(RotationPlan rotation) {
        InputPlan plan = new InputPlan(rotation, new ActivationQuantizer.Token());
        for (boolean split : new boolean[] {false, true}) {
            QuantizedWeights weights = quantized(plan.withMeanSplit(split), 4);
            LayerSqnr reported = LayerSqnr.of(weights, LAYER, offset(40), 4, RowTasks.parallel(CancellationToken.NONE));
            assertThat(reported.both()).isCloseTo(decibels(weights, offset(40), 4), within(0.1));
        }
    }
}
