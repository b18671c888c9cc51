package dev.quantreel.engines.quant;

/// The integer linear in plain Java: the specification that every engine's graph must equal, exactly in the integers.
///
/// `Y_io = scale_i * step_o * Σ_k factor_k Σ_j operand_kij (code_oj - zero_o) + bias_o`; the sums are integers.
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

    /// The integer sums of one output, one per block of [QuantizedActivation#groupSize] channels.
    public long[] accumulate(QuantizedActivation x, int token, int output) {
        int groups = x.channels() / x.groupSize();
        long[] sums = new long[groups];
        int zeroPoint = weights.zeroPoint(output);
        for (int j = 0; j < x.channels(); j++) {
            int level = weights.code(output, j) - zeroPoint;
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
                long[] sums = accumulate(x, i, o);
                double sum = 0;
                for (int g = 0; g < sums.length; g++) {
                    sum += (double) sums[g] * x.scale(i, g * x.groupSize());
                }
                double value = sum * weights.step(o) + (bias.length == 0 ? 0 : bias[o]);
                out[i * weights.rows() + o] = (float) value;
            }
        }
        return out;
    }
}
