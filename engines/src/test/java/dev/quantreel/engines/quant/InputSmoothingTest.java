package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Smoothing and what follows it, on the weight and inputs of tools/reference/error_feedback.py.
class InputSmoothingTest {

    private static final ParallelPieces PIECES = new ParallelPieces(2, CancellationToken.NONE);
    private static final RowTasks TASKS = new RowTasks(2, CancellationToken.NONE);
    private static final QuantizationPlan PLAIN = new QuantizationPlan(
            new WeightPlan(new WeightQuantizer.MinMax(), 4),
            new InputPlan(new RotationPlan.None(), new ActivationQuantizer.Token()),
            LayerRule.ALL);

    private final SafetensorsFile golden = GoldenResource.open("error_feedback.safetensors");
    private final Tensor inputs = golden.tensor("inputs");
    private final Checkpoint checkpoint = new MemoryCheckpoint(
            "golden", Map.of("q.weight", golden.tensor("weight"), "other.weight", golden.tensor("weight")), Map.of());
    private final ActivationMatrix tokens =
            ActivationMatrix.of(Math.toIntExact(inputs.shape().dim(1)), inputs.toFloatArray());

    /// What one input says of both layers.
    private ActivationStatistics statistics() {
        ActivationStatistics.LayerStatistics one = new ActivationStatistics.LayerStatistics() {
            @Override
            public long tokens() {
                return tokens.tokens();
            }

            @Override
            public float[] absMax() {
                float[] largest = new float[tokens.channels()];
                for (int i = 0; i < tokens.tokens() * tokens.channels(); i++) {
                    int channel = i % tokens.channels();
                    largest[channel] = Math.max(largest[channel], Math.abs(tokens.at(i / tokens.channels(), channel)));
                }
                return largest;
            }

            @Override
            public Matrix gram() {
                Matrix x = Matrix.of(tokens.tokens(), tokens.channels(), inputs.toFloatArray());
                return x.transposedTimes(x, PIECES);
            }
        };
        return layer -> Optional.of(one);
    }

    private QuantizedWeights quantize(QuantizationPlan plan, ActivationStatistics statistics) {
        return QuantizedWeights.of(
                new QuantizedWeights.Source(checkpoint, List.of("q", "other"), statistics),
                plan,
                QuantizationProgress.NONE,
                TASKS);
    }

    private static QuantizationPlan smoothed(SmoothingPlan smoothing, RotationPlan rotation) {
        return PLAIN.withInputs(new InputPlan(smoothing, rotation, new ActivationQuantizer.Token()));
    }

    private double sqnr(QuantizationPlan plan) {
        return LayerSqnr.of(quantize(plan, statistics()), "q", tokens, 4, TASKS).both();
    }

    @Test
    void factorsAreThoseOfSmoothQuant() {
        SmoothingPlan half = new SmoothingPlan.FromStatistics(0.5);
        float[] factors = quantize(smoothed(half, new RotationPlan.None()), statistics())
                .smoothing("q")
                .orElseThrow();
        float[] expected = golden.tensor("smoothing").toFloatArray();
        for (int j = 0; j < factors.length; j++) {
            assertThat(factors[j]).isCloseTo(expected[j], within(1e-5f * expected[j]));
        }
    }

    @Test
    void layersOfOneInputShareFactorsThatCountOnceInTheMemory() {
        QuantizedWeights plain = quantize(PLAIN, ActivationStatistics.NONE);
        QuantizedWeights smooth =
                quantize(smoothed(new SmoothingPlan.FromStatistics(0.5), new RotationPlan.None()), statistics());
        assertThat(smooth.smoothing("other").orElseThrow())
                .isEqualTo(smooth.smoothing("q").orElseThrow());
        assertThat(smooth.memory().bytes()).isEqualTo(plain.memory().bytes() + 2L * tokens.channels());
        assertThat(plain.smoothing("q")).isEmpty();
    }

    @Test
    void smoothingHelpsWhereChannelsAreLoudAndTheSearchDoesNotDoWorse() {
        RotationPlan none = new RotationPlan.None();
        double plain = sqnr(PLAIN);
        double half = sqnr(smoothed(new SmoothingPlan.FromStatistics(0.5), none));
        double searched = sqnr(smoothed(new SmoothingPlan.Searched(11), none));
        assertThat(half).isGreaterThan(plain + 1);
        assertThat(searched).isGreaterThan(half - 0.5);
    }

    @Test
    void smoothingComesBeforeRotationOnce() {
        RotationPlan rotation = new RotationPlan.Hadamard(32, 5);
        QuantizedWeights balanced = quantize(smoothed(new SmoothingPlan.FromStatistics(0.5), rotation), statistics());
        float[] row = new float[tokens.channels()];
        WeightMatrix.of("q", checkpoint.tensor("q.weight")).readRow(3, row);
        float[] factors = balanced.smoothing("q").orElseThrow();
        for (int j = 0; j < row.length; j++) {
            row[j] *= factors[j];
        }
        balanced.rotation(balanced.matrix("q").orElseThrow()).orElseThrow().apply(row);
        float[] quantized = new float[row.length];
        balanced.matrix("q").orElseThrow().dequantizeRow(3, quantized);
        float step = balanced.matrix("q").orElseThrow().step(3);
        for (int j = 0; j < row.length; j++) {
            assertThat(quantized[j]).isCloseTo(row[j], within(0.5001f * step));
        }
        assertThat(sqnr(smoothed(new SmoothingPlan.FromStatistics(0.5), rotation)))
                .isGreaterThan(sqnr(PLAIN));
    }

    @Test
    void aBranchCountsInTheFiguresOfALayer() {
        WeightPlan withBranch = PLAIN.weight().with(new BranchPlan.LowRank(8, 4));
        LayerSqnr plain = LayerSqnr.of(quantize(PLAIN, statistics()), "q", tokens, 8, TASKS);
        LayerSqnr branched = LayerSqnr.of(quantize(PLAIN.withWeights(withBranch), statistics()), "q", tokens, 8, TASKS);
        assertThat(branched.weightOnly()).isGreaterThan(plain.weightOnly() + 1);
        assertThat(branched.activationOnly()).isGreaterThan(plain.activationOnly());
    }

    /// Every product by itself, in double precision; a branch is exact.
    @Test
    void theOutputOfALayerDiffersAsItsProductsSay() {
        WeightPlan withBranch = PLAIN.weight().with(new BranchPlan.LowRank(8, 4));
        for (QuantizationPlan plan : List.of(PLAIN, PLAIN.withWeights(withBranch))) {
            QuantizedWeights weights = quantize(plan, statistics());
            double[] sums = sums(weights);

            LayerSqnr sqnr = LayerSqnr.of(weights, "q", tokens, 4, TASKS);

            assertThat(sqnr.both()).isCloseTo(10 * Math.log10(sums[0] / sums[1]), within(1e-3));
            assertThat(sqnr.output().cosine()).isCloseTo(sums[2] / Math.sqrt(sums[0] * sums[3]), within(1e-6));
            assertThat(sqnr.output().relativeL1()).isCloseTo(sums[5] / sums[4], within(1e-5));
            assertThat(sqnr.output().maxError()).isCloseTo(sums[6], within(1e-4 * sums[6]));
        }
    }

    /// Of y², e², yŷ, ŷ², |y| and |e|, and the largest |e|.
    private double[] sums(QuantizedWeights weights) {
        WeightMatrix original = weights.original("q");
        WeightMatrix rest = weights.withoutBranch("q", original);
        ActivationMatrix rounded =
                LayerSqnr.rounded(tokens, weights.plan().activations().at("q"), 4);
        float[] exact = new float[original.columns()];
        float[] part = new float[original.columns()];
        float[] quantized = new float[original.columns()];
        double[] sums = new double[7];
        for (int o = 0; o < original.rows(); o++) {
            original.readRow(o, exact);
            rest.readRow(o, part);
            weights.matrix("q").orElseThrow().dequantizeRow(o, quantized);
            for (int i = 0; i < tokens.tokens(); i++) {
                double y = 0;
                double e = 0;
                for (int j = 0; j < exact.length; j++) {
                    y += (double) tokens.at(i, j) * exact[j];
                    e += (double) tokens.at(i, j) * part[j] - (double) rounded.at(i, j) * quantized[j];
                }
                double[] more = {y * y, e * e, y * (y - e), (y - e) * (y - e), Math.abs(y), Math.abs(e)};
                for (int k = 0; k < more.length; k++) {
                    sums[k] += more[k];
                }
                sums[6] = Math.max(sums[6], Math.abs(e));
            }
        }
        return sums;
    }

    @Test
    void smoothingWithoutStatisticsIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantize(
                        smoothed(new SmoothingPlan.FromStatistics(0.5), new RotationPlan.None()),
                        ActivationStatistics.NONE))
                .withMessageContaining("none of layer q")
                .withMessageContaining("Self Calibration");
    }

    @Test
    void channelsThatWereNeverHeardKeepFiniteFactors() {
        float[] factors = InputSmoothing.factors(new float[] {0, 0, 2}, new float[] {0, 3, 0}, 0.5);
        for (float factor : factors) {
            assertThat(factor).isPositive().isFinite();
        }
    }
}
