package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Arrays;
import java.util.Optional;

/// Signal to quantization noise of one linear's output `X Wᵀ`, in decibels, `10·log10(‖Y‖²/‖Y−Ŷ‖²)`; positive
/// infinity for equal outputs.
///
/// @param weightOnly quantized weight, full-precision activation
/// @param activationOnly full-precision weight, quantized activation
/// @param both as the linear runs
/// @param output more of the output as the linear runs
public record LayerSqnr(double weightOnly, double activationOnly, double both, Output output) {

    /// How an output differs from full precision's.
    ///
    /// @param cosine of both, over all tokens and channels; NaN where one is zero
    /// @param relativeL1 ‖Y−Ŷ‖₁/‖Y‖₁
    /// @param maxError largest absolute difference
    public record Output(double cosine, double relativeL1, double maxError) {}

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
                rotated,
                rounded,
                inputs.means(),
                turned(ActivationMatrix.of(ones.length, ones), smoothing, rotation),
                Optional.empty());
        WeightMatrix rest = weights.withoutBranch(layer, original);
        boolean split = weights.splitsMean(layer);
        Tokens seen = split ? tokens : tokens.withoutMeans();
        return rest == original
                ? of(rest, matrix, seen, tasks)
                : of(rest, matrix, seen.with(new Signal(original, turned(inputs, smoothing, rotation))), tasks);
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

    static LayerSqnr of(
            WeightMatrix original,
            QuantizedMatrix matrix,
            ActivationMatrix x,
            ActivationMatrix rounded,
            RowTasks tasks) {
        Tokens tokens = new Tokens(x, rounded, ActivationMatrix.of(1, new float[x.tokens()]), x, Optional.empty());
        return of(original, matrix, tokens, tasks);
    }

    /// What a linear with a branch is without quantization; the branch itself makes no error.
    private record Signal(WeightMatrix weight, ActivationMatrix x) {}

    /// @param x meets the weight
    /// @param rounded the same, quantized
    /// @param means goes past the quantization, times the sum of the exact weights; `[tokens, 1]`
    /// @param ones a token whose product with a weight row is that sum
    /// @param signal the whole linear, where the weight is only a part of it
    private record Tokens(
            ActivationMatrix x,
            ActivationMatrix rounded,
            ActivationMatrix means,
            ActivationMatrix ones,
            Optional<Signal> signal) {
        Tokens withoutMeans() {
            return new Tokens(x, rounded, ActivationMatrix.of(1, new float[x.tokens()]), ones, signal);
        }

        Tokens with(Signal whole) {
            return new Tokens(x, rounded, means, ones, Optional.of(whole));
        }
    }

    private static LayerSqnr of(WeightMatrix original, QuantizedMatrix matrix, Tokens tokens, RowTasks tasks) {
        Sums[] rows = new Sums[original.rows()];
        tasks.run(original.rows(), (from, to) -> {
            float[] weight = new float[original.columns()];
            float[] quantized = new float[original.columns()];
            float[] whole = new float[original.columns()];
            for (int o = from; o < to; o++) {
                int row = o;
                original.readRow(o, weight);
                matrix.dequantizeRow(o, quantized);
                tokens.signal.ifPresent(signal -> signal.weight().readRow(row, whole));
                rows[o] = new Sums();
                rows[o].measure(weight, quantized, whole, tokens);
            }
        });
        Sums sums = new Sums();
        for (Sums row : rows) {
            sums.add(row);
        }
        return sums.sqnr();
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

    /// Over the tokens and rows.
    private static final class Sums {

        private double signal;
        private double weightNoise;
        private double activationNoise;
        private double noise;
        private double product;
        private double output;
        private double absoluteSignal;
        private double absoluteNoise;
        private double largest;

        /// @param whole row of the signal's weight, where there is one
        void measure(float[] weight, float[] quantized, float[] whole, Tokens tokens) {
            double sum = tokens.ones.dot(0, weight);
            for (int i = 0; i < tokens.x.tokens(); i++) {
                int token = i;
                double exact = tokens.x.dot(i, weight);
                double error = exact - tokens.rounded.dot(i, quantized);
                double ideal = tokens.signal
                        .map(of -> of.x().dot(token, whole))
                        .orElseGet(() -> exact + tokens.means.at(token, 0) * sum);
                signal += square(ideal);
                weightNoise += square(exact - tokens.x.dot(i, quantized));
                activationNoise += square(exact - tokens.rounded.dot(i, weight));
                noise += square(error);
                product += ideal * (ideal - error);
                output += square(ideal - error);
                absoluteSignal += Math.abs(ideal);
                absoluteNoise += Math.abs(error);
                largest = Math.max(largest, Math.abs(error));
            }
        }

        void add(Sums other) {
            signal += other.signal;
            weightNoise += other.weightNoise;
            activationNoise += other.activationNoise;
            noise += other.noise;
            product += other.product;
            output += other.output;
            absoluteSignal += other.absoluteSignal;
            absoluteNoise += other.absoluteNoise;
            largest = Math.max(largest, other.largest);
        }

        LayerSqnr sqnr() {
            return new LayerSqnr(
                    decibels(signal, weightNoise),
                    decibels(signal, activationNoise),
                    decibels(signal, noise),
                    new Output(product / Math.sqrt(signal * output), absoluteNoise / absoluteSignal, largest));
        }
    }

    private static double square(double value) {
        return value * value;
    }

    private static double decibels(double signal, double noise) {
        return 10 * Math.log10(signal / noise);
    }
}
