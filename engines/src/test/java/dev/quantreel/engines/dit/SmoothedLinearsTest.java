package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LinearSmoothedByInput;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Graphs of smoothed inputs, with rotation and branch behind them.
class SmoothedLinearsTest {

    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 48;
    private static final int TOKENS = 20;
    private static final String LAYER = "blocks.0.ffn.0";

    /// Loud at some channels.
    private static float[] inputs() {
        float[] x = SyntheticData.gaussian(TOKENS * CHANNELS, 1, 3);
        for (int i = 0; i < x.length; i++) {
            x[i] *= i % CHANNELS % 37 == 0 ? 30 : 1;
        }
        return x;
    }

    private static ActivationStatistics statistics() {
        return layer -> Optional.of(new ActivationStatistics.LayerStatistics() {
            @Override
            public long tokens() {
                return TOKENS;
            }

            @Override
            public float[] absMax() {
                float[] x = inputs();
                float[] largest = new float[CHANNELS];
                for (int i = 0; i < x.length; i++) {
                    largest[i % CHANNELS] = Math.max(largest[i % CHANNELS], Math.abs(x[i]));
                }
                return largest;
            }

            @Override
            public Matrix gram() {
                throw new AssertionError("nobody needs it");
            }
        });
    }

    private static float[] run(LinearLayers linears) {
        return run(linears, List.of(LAYER));
    }

    private static float[] run(LinearLayers linears, List<String> readers) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, readers), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        Map<String, Tensor> inputs = new HashMap<>(linears.inputs(8));
        inputs.put("x", Tensor.of(Shape.of(1, TOKENS, CHANNELS), inputs()));
        try (Engine engine = new OrtEngineProvider().create(new EngineOptions(1));
                Session session = engine.open(graph.build(Map.of()))) {
            return Objects.requireNonNull(
                            session.run(inputs, CancellationToken.NONE).get("y"))
                    .toFloatArray();
        }
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

    /// One linear, two layers of which read the input; without a bias.
    @ParameterizedTest
    @CsvSource({"false, 0.5, 4, INTEGER", "true, 0.5, 4, INTEGER", "false, 0.1, 8, FAKE_QUANT", "true, 1, 3, INTEGER"})
    void weightsThatAreRoundedForTheirVeryInputEqualTheSpecification(
            boolean rotated, double alpha, int weightBits, Arithmetic arithmetic) {
        String other = "blocks.0.ffn.1";
        Checkpoint checkpoint = SyntheticData.linears(OUTPUTS, CHANNELS, LAYER, other);
        RotationPlan rotation = rotated ? new RotationPlan.Hadamard(256, 4) : new RotationPlan.None();
        QuantizationPlan plan = new QuantizationPlan(
                new WeightPlan(new WeightQuantizer.MinMax(), weightBits),
                new InputPlan(new SmoothingPlan.OfInput(alpha), rotation, new ActivationQuantizer.TokenAsymmetric()),
                LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint, plan, List.of(LAYER, other), QuantizationProgress.NONE, CancellationToken.NONE);

        float[] y = run(QuantizedLinears.of(weights, arithmetic), List.of(LAYER, other));

        float[] expected = new LinearSmoothedByInput(checkpoint, List.of(LAYER, other), plan)
                .apply(ActivationMatrix.of(CHANNELS, inputs()), LAYER, 8);
        float[] bias = checkpoint.tensor(LAYER + ".bias").toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            expected[i] += bias[i % OUTPUTS];
        }
        assertThat(decibels(expected, y)).isGreaterThan(60);
        float[] exact = run(new FloatLinears(new FloatWeights(checkpoint)), List.of(LAYER));
        assertThat(decibels(exact, y)).isLessThan(weightBits == 8 ? 50 : 35);
    }

    @ParameterizedTest
    @CsvSource({"false, 0, 38", "true, 0, 38", "false, 8, 38", "true, 8, 38"})
    void theProductIsThatOfTheOriginalWeight(boolean rotated, int rank, double least) {
        Checkpoint checkpoint = SyntheticData.linears(OUTPUTS, CHANNELS, LAYER);
        WeightPlan weight = new WeightPlan(new WeightQuantizer.MinMax(), 8);
        RotationPlan rotation = rotated ? new RotationPlan.Hadamard(256, 4) : new RotationPlan.None();
        QuantizationPlan plan = new QuantizationPlan(
                rank == 0 ? weight : weight.with(new BranchPlan.LowRank(rank, 2)),
                new InputPlan(new SmoothingPlan.FromStatistics(0.5), rotation, new ActivationQuantizer.Token()),
                LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                new QuantizedWeights.Source(checkpoint, List.of(LAYER), statistics()),
                plan,
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        float[] exact = run(new FloatLinears(new FloatWeights(checkpoint)));
        float[] y = run(LowRankLinears.of(QuantizedLinears.of(weights, Arithmetic.INTEGER), weights.branches()));

        assertThat(decibels(exact, y)).isGreaterThan(least);
    }
}
