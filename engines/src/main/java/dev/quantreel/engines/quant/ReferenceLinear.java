package dev.quantreel.engines.quant;

/// The integer linear in plain Java: the specification that every engine's graph must equal, exactly in the integers.
///
/// `Y_io = scale_i * step_o * Σ_k factor_k Σ_j operand_kij level_oj + bias_o`; the sums are integers. Where weights are
/// no integer multiples of one step per row, [QuantizedMatrix#isInteger], the values themselves are multiplied.
public final class ReferenceLinear {

    private final QuantizedMatrix weights;
    private final float[] bias;

    private ReferenceLinear(QuantizedMatrix weights, float[] bias) {
        this.weights = weights;
        this.bias = bias;
    }

    /// @param bias one value per row, or none at all
    public static ReferenceLinear of(QuantizedMatrix weights, float... bias) {
        if (bias.length != 0 && bias.length != weights.rows()) {
            throw new IllegalArgumentException("bias of " + weights.name() + " has " + bias.length
                    + " values, the weight " + weights.rows() + " rows");
        }
        return new ReferenceLinear(weights, bias.clone());
    }

    /// The integer sums of one output of integer weights, one per block of [QuantizedActivation#groupSize] channels.
    public long[] accumulate(QuantizedActivation x, int token, int output) {
        int groups = x.channels() / x.groupSize();
        long[] sums = new long[groups];
        for (int j = 0; j < x.channels(); j++) {
            int level = weights.level(output, j);
            int value = -x.zeroPoint(token);
            for (int term = 0; term < x.terms(); term++) {
                value += x.factor(term) * x.code(term, token, j);
            }
            sums[j / x.groupSize()] += (long) value * level;
        }
        return sums;
    }

    /// @return `[tokens, rows]`, row after row
    public float[] apply(QuantizedActivation x) {
        if (x.channels() != weights.columns()) {
            throw new IllegalArgumentException("weight " + weights.name() + " takes " + weights.columns()
                    + " channels, the activation has " + x.channels());
        }
        float[] out = new float[x.tokens() * weights.rows()];
        for (int i = 0; i < x.tokens(); i++) {
            for (int o = 0; o < weights.rows(); o++) {
                double product = weights.isInteger() ? integerProduct(x, i, o) : product(x, i, o);
                out[i * weights.rows() + o] = (float) (product + (bias.length == 0 ? 0 : bias[o]));
            }
        }
        return out;
    }

    private double integerProduct(QuantizedActivation x, int token, int output) {
        long[] sums = accumulate(x, token, output);
        double sum = 0;
        for (int g = 0; g < sums.length; g++) {
            sum += (double) sums[g] * x.scale(token, g * x.groupSize());
        }
        return sum * weights.step(output);
    }

    /// Weights whose steps differ inside a row leave no common factor: the values are multiplied.
    private double product(QuantizedActivation x, int token, int output) {
        double sum = 0;
        for (int j = 0; j < x.channels(); j++) {
            sum += (double) x.value(token, j) * weights.value(output, j);
        }
        return sum;
    }
}
