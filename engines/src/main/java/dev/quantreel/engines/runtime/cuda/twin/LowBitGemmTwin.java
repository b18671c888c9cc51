package dev.quantreel.engines.runtime.cuda.twin;

import dev.quantreel.engines.runtime.cuda.kernel.GemmActivation;

/// The product of [dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm] in plain Java, in the kernel's order
/// of operations: sums are equal in every bit, and so are outputs in F32 unless a GELU is asked for (1e-6).
public final class LowBitGemmTwin {

    private final Tokens x;
    private final Weights w;

    public LowBitGemmTwin(Tokens x, Weights w) {
        if (x.columns != w.columns) {
            throw new IllegalArgumentException("tokens of " + x.columns + " columns, weights of " + w.columns);
        }
        this.x = x;
        this.w = w;
    }

    /// Codes `[rows, columns]` with one scale for every `group` columns of a row.
    public static final class Tokens {

        private final int rows;
        private final int columns;
        private final int group;
        private final byte[] codes;
        private final float[] scale;

        /// @param scale `[rows, columns / group]`
        public Tokens(int rows, int columns, int group, byte[] codes, float[] scale) {
            this.rows = rows;
            this.columns = columns;
            this.group = group;
            this.codes = codes.clone();
            this.scale = scale.clone();
        }

        private int groups() {
            return columns / group;
        }

        /// Sums of codes `[rows, columns / group]`.
        public int[] sums() {
            int[] sums = new int[rows * groups()];
            for (int i = 0; i < codes.length; i++) {
                sums[i / columns * groups() + i % columns / group] += codes[i];
            }
            return sums;
        }
    }

    /// Codes `[rows, columns]`; the weight is `step * (code - zero)`.
    public static final class Weights {

        private final int rows;
        private final int columns;
        private final byte[] codes;
        private final float[] step;
        private final int[] zero;
        private final float[] bias;

        /// @param bias one value per row, or none at all
        public Weights(int columns, byte[] codes, float[] step, int[] zero, float... bias) {
            this.rows = step.length;
            this.columns = columns;
            this.codes = codes.clone();
            this.step = step.clone();
            this.zero = zero.clone();
            this.bias = bias.clone();
        }
    }

    /// What follows the product.
    ///
    /// @param gate of token and output; 1 where there is none
    /// @param residual of token and output; 0 where there is none
    public record Epilogue(GemmActivation activation, Cell gate, Cell residual) {

        public static final Epilogue NONE = new Epilogue(GemmActivation.NONE, (m, n) -> 1, (m, n) -> 0);
    }

    /// A value of a token and an output.
    @FunctionalInterface
    public interface Cell {
        float at(int token, int output);
    }

    /// Bare sums of codes `[tokens, outputs]`.
    public int[] sums() {
        int[] sums = new int[x.rows * w.rows];
        for (int m = 0; m < x.rows; m++) {
            for (int n = 0; n < w.rows; n++) {
                sums[m * w.rows + n] = sum(m, n, 0, x.columns);
            }
        }
        return sums;
    }

    private int sum(int m, int n, int from, int to) {
        int sum = 0;
        for (int k = from; k < to; k++) {
            sum += x.codes[m * x.columns + k] * w.codes[n * w.columns + k];
        }
        return sum;
    }

    /// Outputs `[tokens, outputs]`.
    public float[] apply(Epilogue epilogue) {
        int[] totals = x.sums();
        float[] y = new float[x.rows * w.rows];
        for (int m = 0; m < x.rows; m++) {
            for (int n = 0; n < w.rows; n++) {
                float value = activated(linear(m, n, totals), epilogue.activation);
                y[m * w.rows + n] = Math.fma(value, epilogue.gate.at(m, n), epilogue.residual.at(m, n));
            }
        }
        return y;
    }

    private float linear(int m, int n, int[] totals) {
        float bias = w.bias.length == 0 ? 0 : w.bias[n];
        int groups = x.groups();
        if (groups == 1) {
            int sum = sum(m, n, 0, x.columns) - w.zero[n] * totals[m];
            return Math.fma((float) sum, x.scale[m] * w.step[n], bias);
        }
        float y = 0;
        for (int g = 0; g < groups; g++) {
            int sum = sum(m, n, g * x.group, (g + 1) * x.group) - w.zero[n] * totals[m * groups + g];
            y = Math.fma((float) sum, x.scale[m * groups + g], y);
        }
        return Math.fma(y, w.step[n], bias);
    }

    private static float activated(float x, GemmActivation activation) {
        return switch (activation) {
            case NONE -> x;
            case GELU_TANH -> (float) (0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))));
            case GELU_ERF -> (float) (0.5 * x * (1 + erf(x / Math.sqrt(2))));
        };
    }

    /// By its series up to 3, beyond by the continued fraction of its complement.
    private static double erf(double x) {
        double size = Math.abs(x);
        if (size < 3) {
            double term = size;
            double sum = size;
            for (int i = 1; Math.abs(term) > 1e-17 * sum && i < 200; i++) {
                term *= -size * size / i;
                sum += term / (2 * i + 1);
            }
            return Math.copySign(2 / Math.sqrt(Math.PI) * sum, x);
        }
        double fraction = 0;
        for (int i = 60; i > 0; i--) {
            fraction = i / 2.0 / (size + fraction);
        }
        return Math.copySign(1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction), x);
    }
}
