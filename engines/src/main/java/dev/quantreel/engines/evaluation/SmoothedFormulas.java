package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/// The lines of [LinearFormulas] whose weights depend on the tokens, or have a branch: smoothing with factors of the
/// very input, SVDQuant.
public final class SmoothedFormulas {

    private static final String LAYER = "w";
    private static final int CHANNELS = LinearFormulas.CHANNELS;
    private static final BranchPlan RANK_32 = new BranchPlan.LowRank(32, 1);

    private final int draws;
    private final CancellationToken cancellation;
    private final ParallelPieces pieces;

    /// @param draws of weights and tokens, at least 2; the same as those of [LinearFormulas]
    public SmoothedFormulas(int draws, CancellationToken cancellation) {
        this.draws = draws;
        this.cancellation = cancellation;
        this.pieces = ParallelPieces.of(cancellation);
    }

    private record Wanted(
            String name,
            boolean smooths,
            WeightPlan weights,
            ActivationQuantizer activations,
            Map<Integer, double[]> references) {}

    private static List<Wanted> wanted() {
        WeightPlan bound = new WeightPlan(new WeightQuantizer.Pbq(), 4);
        WeightPlan grouped = new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.PerGroup(64));
        return List.of(
                new Wanted(
                        "SmoothQuant 0.5 of the very input, W bound",
                        true,
                        bound,
                        new ActivationQuantizer.Token(ClipRatios.NONE),
                        LinearFormulas.three(
                                "13.1 9.2 8.8 8.8 10.0", "17.2 10.8 10.0 10.5 12.3", "17.6 10.9 10.1 10.6 12.5")),
                new Wanted(
                        "SVD rank 32, neither smoothed nor rotated",
                        false,
                        bound.with(RANK_32),
                        new ActivationQuantizer.TokenAsymmetric(),
                        Map.of(4, LinearFormulas.figures("14.7 6.2 6.7 6.7 6.0"))),
                new Wanted(
                        "SVDQuant: smoothed 0.5, rank 32, groups of 64",
                        true,
                        grouped.with(RANK_32),
                        new ActivationQuantizer.BlockExact(64, ClipRatios.NONE),
                        Map.of(4, LinearFormulas.figures("16.9 20.1 20.6 20.2 19.1"))));
    }

    /// @param lines told each figure, when all draws are done
    public void run(Consumer<FormulaLine> lines) {
        List<Wanted> wanted = wanted();
        Map<String, List<Double>> measured = new LinkedHashMap<>();
        for (int draw = 0; draw < draws; draw++) {
            Random random = new Random(100L + draw);
            Matrix weights = LinearFormulas.weights(random);
            for (LinearFormulas.Tokens tokens : LinearFormulas.Tokens.values()) {
                Matrix x = LinearFormulas.matrix(tokens.draw(random));
                for (Wanted line : wanted) {
                    cancellation.throwIfCancelled();
                    measure(line, weights, x, (bits, decibels) -> measured.computeIfAbsent(
                                    LinearFormulas.key(line.name, bits, tokens), missing -> new ArrayList<>())
                            .add(decibels));
                }
            }
        }
        for (Wanted line : wanted) {
            for (int bits : new int[] {4, 6, 8}) {
                double[] references = line.references.getOrDefault(bits, new double[0]);
                for (int k = 0; k < references.length; k++) {
                    String key = LinearFormulas.key(line.name, bits, LinearFormulas.Tokens.values()[k]);
                    lines.accept(FormulaLine.ofDecibels(key, references[k], measured.getOrDefault(key, List.of())));
                }
            }
        }
    }

    private interface Figures {
        void accept(int bits, double decibels);
    }

    private void measure(Wanted line, Matrix weights, Matrix x, Figures figures) {
        float[] factors = new float[CHANNELS];
        Arrays.fill(factors, 1);
        if (line.smooths) {
            float[] loudest = columnMaxima(x);
            float[] largest = columnMaxima(weights);
            for (int j = 0; j < CHANNELS; j++) {
                factors[j] = (float) Math.sqrt(loudest[j] / largest[j]);
            }
        }
        Matrix scaled = scaled(weights, factors, false);
        Matrix met = scaled(x, factors, true);
        QuantizedWeights quantized = quantized(line, scaled);
        Matrix codes = Matrix.zeros(scaled.rows(), CHANNELS);
        float[] row = new float[CHANNELS];
        for (int o = 0; o < scaled.rows(); o++) {
            quantized.matrix(LAYER).orElseThrow().dequantizeRow(o, row);
            System.arraycopy(row, 0, codes.values(), o * CHANNELS, CHANNELS);
        }
        Matrix beside = besides(quantized, met);
        Matrix exact = x.times(weights.transposed(), pieces);
        Matrix back = codes.transposed();
        for (int bits : line.references.keySet()) {
            QuantizedActivation rounded =
                    QuantizedActivation.of(ActivationMatrix.of(CHANNELS, met.values()), line.activations, bits);
            Matrix y = LinearFormulas.values(rounded).times(back, pieces);
            for (int i = 0; i < y.values().length; i++) {
                y.values()[i] += beside.values()[i];
            }
            figures.accept(bits, LinearFormulas.decibels(exact, y));
        }
    }

    private QuantizedWeights quantized(Wanted line, Matrix weights) {
        QuantizationPlan plan = new QuantizationPlan(
                line.weights, new InputPlan(new RotationPlan.None(), line.activations), LayerRule.ALL);
        Tensor tensor = Tensor.of(Shape.of(weights.rows(), CHANNELS), weights.values());
        return QuantizedWeights.of(
                new MemoryCheckpoint("random", Map.of(LAYER + ".weight", tensor), Map.of()),
                plan,
                List.of(LAYER),
                QuantizationProgress.NONE,
                cancellation);
    }

    /// What branches add to the output.
    private Matrix besides(QuantizedWeights quantized, Matrix x) {
        Matrix sum = Matrix.zeros(x.rows(), LinearFormulas.OUTPUTS);
        for (LowRankBranch branch : quantized.branches().of(LAYER)) {
            Matrix down = Matrix.of(branch.rank(), branch.inputs(), Conversions.toFloatArray(branch.down()));
            Matrix up = Matrix.of(branch.outputs(), branch.rank(), Conversions.toFloatArray(branch.up()));
            Matrix product = x.times(down.transposed(), pieces).times(up.transposed(), pieces);
            for (int i = 0; i < sum.values().length; i++) {
                sum.values()[i] += (float) (branch.factor() * product.values()[i]);
            }
        }
        return sum;
    }

    private static Matrix scaled(Matrix matrix, float[] factors, boolean divides) {
        Matrix result = matrix.copy();
        for (int i = 0; i < result.values().length; i++) {
            float factor = factors[i % CHANNELS];
            result.values()[i] = divides ? result.values()[i] / factor : result.values()[i] * factor;
        }
        return result;
    }

    private static float[] columnMaxima(Matrix matrix) {
        float[] maxima = new float[CHANNELS];
        for (int i = 0; i < matrix.values().length; i++) {
            maxima[i % CHANNELS] = Math.max(maxima[i % CHANNELS], Math.abs(matrix.values()[i]));
        }
        return maxima;
    }
}
