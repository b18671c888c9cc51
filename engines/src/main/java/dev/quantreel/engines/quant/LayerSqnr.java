package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Arrays;
import java.util.Optional;

/// Signal to quantization noise of one linear's output `X Wᵀ`, in decibels, `10·log10(‖Y‖²/‖Y−Ŷ‖²)`; positive infinity
/// for equal outputs.
///
/// @param weightOnly quantized weight, full-precision activation
/// @param activationOnly full-precision weight, quantized activation
/// @param both as the linear runs
public record LayerSqnr(double weightOnly, double activationOnly, double both) {

    /// Measures one layer on recorded inputs.
    ///
    /// @param layer weight key without `.weight`, one of `weights.matrices()`
    /// @param inputs what the layer reads, before rotation; a few hundred tokens tell enough
    /// @param bits of the activations
    public static LayerSqnr of(
            QuantizedWeights weights, String layer, ActivationMatrix inputs, int bits, RowTasks tasks) {
        QuantizedMatrix matrix = weights.matrix(layer)
                .orElseThrow(() -> new IllegalArgumentException("layer " + layer + " is not quantized by this plan"));
        WeightMatrix original = weights.original(layer);
        Optional<float[]> smoothing = weights.smoothing(layer);
        Optional<Rotation> rotation = weights.rotation(matrix);
        ActivationMatrix rotated = turned(weights.splitsMean(layer) ? inputs.centred() : inputs, smoothing, rotation);
        ActivationQuantizer quantizer = weights.plan().activations().at(layer);
        ActivationMatrix rounded = weights.plan().activations().shifts(layer)
                ? unshifted(
                        rounded(turned(inputs.plus(GeluOutputs.SHIFT), smoothing, rotation), quantizer, bits),
                        smoothing)
                : rounded(rotated, quantizer, bits);
        float[] ones = new float[inputs.channels()];
        Arrays.fill(ones, 1);
        Tokens tokens = new Tokens(
                rotated, rounded, inputs.means(), turned(ActivationMatrix.of(ones.length, ones), smoothing, rotation));
        WeightMatrix rest = weights.withoutBranch(layer, original);
        LayerSqnr ofRest = of(rest, matrix, weights.splitsMean(layer) ? tokens : tokens.withoutMeans(), tasks);
        if (rest == original) {
            return ofRest;
        }
        ActivationMatrix whole = turned(inputs, smoothing, rotation);
        return ofRest.raised(decibels(energy(original, whole, tasks), energy(rest, whole, tasks)));
    }

    static ActivationMatrix turned(ActivationMatrix x, Optional<float[]> smoothing, Optional<Rotation> rotation) {
        ActivationMatrix smoothed = smoothing.map(x::dividedBy).orElse(x);
        return rotation.map(smoothed::rotated).orElse(smoothed);
    }

    private static ActivationMatrix unshifted(ActivationMatrix x, Optional<float[]> smoothing) {
        return smoothing
                .map(factors -> x.times(factors).plus(-GeluOutputs.SHIFT).dividedBy(factors))
                .orElseGet(() -> x.plus(-GeluOutputs.SHIFT));
    }

    /// Against a signal that is stronger by so many decibels: a branch adds what it takes out of the weight without any
    /// error.
    private LayerSqnr raised(double gain) {
        return new LayerSqnr(weightOnly + gain, activationOnly + gain, both + gain);
    }

    private static double energy(WeightMatrix weight, ActivationMatrix x, RowTasks tasks) {
        double[] rows = new double[weight.rows()];
        tasks.run(rows.length, (from, to) -> {
            float[] row = new float[weight.columns()];
            for (int o = from; o < to; o++) {
                weight.readRow(o, row);
                for (int i = 0; i < x.tokens(); i++) {
                    rows[o] += square(x.dot(i, row));
                }
            }
        });
        return Arrays.stream(rows).sum();
    }

    static LayerSqnr of(
            WeightMatrix original,
            QuantizedMatrix matrix,
            ActivationMatrix x,
            ActivationMatrix rounded,
            RowTasks tasks) {
        Tokens tokens = new Tokens(x, rounded, ActivationMatrix.of(1, new float[x.tokens()]), x);
        return of(original, matrix, tokens, tasks);
    }

    /// @param x meets the weight
    /// @param rounded the same, quantized
    /// @param means goes past the quantization, times the sum of the exact weights; `[tokens, 1]`
    /// @param ones a token whose product with a weight row is that sum
    private record Tokens(ActivationMatrix x, ActivationMatrix rounded, ActivationMatrix means, ActivationMatrix ones) {
        Tokens withoutMeans() {
            return new Tokens(x, rounded, ActivationMatrix.of(1, new float[x.tokens()]), ones);
        }
    }

    private static LayerSqnr of(WeightMatrix original, QuantizedMatrix matrix, Tokens tokens, RowTasks tasks) {
        double[][] rows = new double[original.rows()][4];
        tasks.run(original.rows(), (from, to) -> {
            float[] weight = new float[original.columns()];
            float[] quantized = new float[original.columns()];
            for (int o = from; o < to; o++) {
                original.readRow(o, weight);
                matrix.dequantizeRow(o, quantized);
                measure(rows[o], weight, quantized, tokens);
            }
        });
        double[] sums = new double[4];
        for (double[] row : rows) {
            for (int i = 0; i < 4; i++) {
                sums[i] += row[i];
            }
        }
        return new LayerSqnr(decibels(sums[0], sums[1]), decibels(sums[0], sums[2]), decibels(sums[0], sums[3]));
    }

    /// The values that a quantizer's integers stand for.
    static ActivationMatrix rounded(ActivationMatrix x, ActivationQuantizer quantizer, int bits) {
        if (quantizer instanceof ActivationQuantizer.FullPrecision) {
            return x;
        }
        QuantizedActivation quantized = QuantizedActivation.of(x, quantizer, bits);
        float[] values = new float[x.tokens() * x.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = quantized.value(i / x.channels(), i % x.channels());
        }
        return ActivationMatrix.of(x.channels(), values);
    }

    private static void measure(double[] sums, float[] weight, float[] quantized, Tokens tokens) {
        double sum = tokens.ones.dot(0, weight);
        for (int i = 0; i < tokens.x.tokens(); i++) {
            double product = tokens.x.dot(i, weight);
            sums[0] += square(product + tokens.means.at(i, 0) * sum);
            sums[1] += square(product - tokens.x.dot(i, quantized));
            sums[2] += square(product - tokens.rounded.dot(i, weight));
            sums[3] += square(product - tokens.rounded.dot(i, quantized));
        }
    }

    private static double square(double value) {
        return value * value;
    }

    private static double decibels(double signal, double noise) {
        return 10 * Math.log10(signal / noise);
    }
}
