package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.GeluOutputs;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Outputs of a GELU get unsigned codes, all other inputs do not.
class GeluAwareLinearsTest {

    private static final int TOKENS = 12;
    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 40;
    private static final String BEHIND = "blocks.0.ffn.2";
    private static final String ELSEWHERE = "blocks.0.self_attn.q";
    private static final ActivationQuantizer SIGNED = new ActivationQuantizer.BlockExact(64, ClipRatios.NONE);
    private static final ActivationQuantizer AWARE = new ActivationQuantizer.GeluAware(SIGNED, 64);
    private static final Checkpoint LINEARS = SyntheticData.linears(OUTPUTS, CHANNELS, BEHIND, ELSEWHERE);

    private static ActivationMatrix geluOutputs() {
        float[] x = SyntheticData.gaussian(TOKENS * CHANNELS, 1.5, 3);
        for (int i = 0; i < x.length; i++) {
            double v = x[i];
            x[i] = (float) (0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))));
        }
        return ActivationMatrix.of(CHANNELS, x);
    }

    private static float[] divisors() {
        float[] divisors = SyntheticData.gaussian(CHANNELS, 0.4, 4);
        for (int j = 0; j < divisors.length; j++) {
            divisors[j] = (float) Math.exp(divisors[j]);
        }
        return divisors;
    }

    /// Weights whose inputs are smoothed, as a file would hold them.
    private static QuantizedWeights weights(ActivationQuantizer quantizer, Granularity granularity) {
        WeightPlan weight = new WeightPlan(new WeightQuantizer.Symmetric(), 4, granularity);
        InputPlan input = new InputPlan(new SmoothingPlan.None(), new RotationPlan.None(), quantizer);
        QuantizationPlan plan = new QuantizationPlan(weight, input, LayerRule.ALL);
        QuantizedWeights made = QuantizedWeights.of(
                LINEARS, plan, List.of(BEHIND, ELSEWHERE), QuantizationProgress.NONE, CancellationToken.NONE);
        QuantizedWeights.Stored stored = new QuantizedWeights.Stored(
                made.matrices(),
                made.modulations(),
                made.branches(),
                Map.of(BEHIND, divisors(), ELSEWHERE, divisors()));
        return QuantizedWeights.of(LINEARS, plan, stored);
    }

    private static float[] run(QuantizedWeights weights, String layer, Arithmetic arithmetic, int bits) {
        QuantizedLinears linears = QuantizedLinears.of(weights, arithmetic);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("gelu");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of(layer)), layer);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        OnnxModel model = graph.build(Map.of());
        Map<String, Tensor> inputs = new LinkedHashMap<>(linears.inputs(bits));
        inputs.put("x", QuantizedLinearsTest.tensor(geluOutputs()));
        try (Session session =
                new OrtEngineProvider().create(new EngineOptions(1)).open(model)) {
            return Objects.requireNonNull(
                            session.run(inputs, CancellationToken.NONE).get("y"))
                    .toFloatArray();
        }
    }

    /// `Σ_j (scale code - SHIFT / s_j) ŵ_oj + bias_o`.
    private static double[] expected(QuantizedWeights weights, int bits) {
        QuantizedMatrix matrix = weights.matrix(BEHIND).orElseThrow();
        QuantizedActivation codes = QuantizedActivation.of(
                geluOutputs().plus(GeluOutputs.SHIFT).dividedBy(divisors()),
                new ActivationQuantizer.Unsigned(64),
                bits);
        float[] bias = LINEARS.tensor(BEHIND + ".bias").toFloatArray();
        double[] expected = new double[TOKENS * OUTPUTS];
        for (int i = 0; i < TOKENS; i++) {
            for (int o = 0; o < OUTPUTS; o++) {
                double sum = bias[o];
                for (int j = 0; j < CHANNELS; j++) {
                    sum += (codes.value(i, j) - GeluOutputs.SHIFT / divisors()[j]) * matrix.value(o, j);
                }
                expected[i * OUTPUTS + o] = sum;
            }
        }
        return expected;
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6, 8})
    void theGraphTakesTheShiftOffExactly(int bits) {
        for (Granularity granularity : List.of(new Granularity.PerRow(), new Granularity.PerGroup(64))) {
            QuantizedWeights weights = weights(AWARE, granularity);
            double[] expected = expected(weights, bits);
            for (Arithmetic arithmetic : Arithmetic.values()) {
                float[] actual = run(weights, BEHIND, arithmetic, bits);
                for (int i = 0; i < expected.length; i++) {
                    assertThat((double) actual[i])
                            .as("%s, %s, output %s", granularity, arithmetic, i)
                            .isCloseTo(expected[i], within(2e-4));
                }
            }
        }
    }

    @Test
    void otherInputsAreQuantizedAsUsual() {
        Granularity row = new Granularity.PerRow();
        assertThat(run(weights(AWARE, row), ELSEWHERE, Arithmetic.INTEGER, 4))
                .containsExactly(run(weights(SIGNED, row), ELSEWHERE, Arithmetic.INTEGER, 4));
    }

    @Test
    void withoutASignOutputsOfAGeluLoseAThirdOfTheirError() {
        assertThat(error(AWARE)).isLessThan(0.67 * error(SIGNED));
    }

    private static double error(ActivationQuantizer quantizer) {
        Granularity row = new Granularity.PerRow();
        float[] rounded = run(weights(quantizer, row), BEHIND, Arithmetic.INTEGER, 4);
        float[] exact = run(weights(new ActivationQuantizer.FullPrecision(), row), BEHIND, Arithmetic.FAKE_QUANT, 4);
        double squares = 0;
        for (int i = 0; i < exact.length; i++) {
            squares += Math.pow(rounded[i] - exact[i], 2);
        }
        return Math.sqrt(squares);
    }

    @Test
    void inputsThatAreTurnedHaveNoSignToDrop() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new InputPlan(new RotationPlan.Hadamard(256, 0), AWARE))
                .withMessageContaining("rotat");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new InputPlan(new RotationPlan.None(), AWARE).withMeanSplit(true))
                .withMessageContaining("mean");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "blocks.3.ffn.2",
                "transformer_blocks.0.ff.net.2",
                "double_blocks.1.img_mlp.2",
                "double_blocks.1.txt_mlp.2",
                "single_blocks.0.linear2.mlp"
            })
    void theSecondMatrixOfEveryFamilysMlpIsKnown(String layer) {
        assertThat(GeluOutputs.feed(layer)).isTrue();
        assertThat(GeluOutputs.feed(layer.replaceAll("2$|mlp$", "0"))).isFalse();
    }
}
