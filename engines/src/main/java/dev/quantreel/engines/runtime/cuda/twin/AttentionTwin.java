package dev.quantreel.engines.runtime.cuda.twin;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionPrecision;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionProblem;
import java.util.Arrays;

/// What [dev.quantreel.engines.runtime.cuda.kernel.FlashAttention] computes, in plain loops and in the kernels'
/// order of keys: means, steps, codes and integer scores are the kernels' bits; weights and sums differ by
/// rounding alone (the kernels' 2^x is approximate and their sums are taken in another order).
///
/// @param problem sizes
/// @param precision how scores and values are rounded
/// @param smoothing whether keys lose their mean; the kernels always smooth, without it the twin shows what
/// that is worth
/// @param span keys of a step of the softmax
public record AttentionTwin(AttentionProblem problem, AttentionPrecision precision, boolean smoothing, int span) {

    /// Keys of a step of the softmax: of kernels that multiply by warps, and by warpgroups.
    private static final int WARP_SPAN = 32;

    private static final int WARPGROUP_SPAN = 64;

    private static final float LOG2_E = 1.44269504f;
    private static final float MOST_CODE = 127;
    private static final float E4M3_MOST = 448;

    /// Exponent by which weights in e4m3 are lifted.
    private static final float LIFT = 8;

    /// The function of the kernels that multiply by warps.
    public static AttentionTwin of(AttentionProblem problem, AttentionPrecision precision) {
        return new AttentionTwin(problem, precision, true, WARP_SPAN);
    }

    /// The function of the kernels that a chip runs.
    public static AttentionTwin of(
            AttentionProblem problem, AttentionPrecision precision, ComputeCapability capability) {
        int span = precision.byWarpgroups(capability) ? WARPGROUP_SPAN : WARP_SPAN;
        return new AttentionTwin(problem, precision, true, span);
    }

    /// The same function of keys as they come.
    public AttentionTwin withoutSmoothing() {
        return new AttentionTwin(problem, precision, false, span);
    }

    /// Queries, keys or values of one head as the tensor cores see them.
    ///
    /// @param values codes or rounded floats, `[tokens, headDim]`
    /// @param steps of each token; 1 where values are no codes
    public record Packed(float[] values, float[] steps) {}

    /// @param q `[batch, queries, heads * headDim]`
    /// @param k `[batch, keys, heads * headDim]`
    /// @param v like `k`
    /// @param bias of the scores, `[batch, heads, queries, keys]`, or empty
    /// @return like `q`
    public float[] attend(float[] q, float[] k, float[] v, float[] bias) {
        float[] out = new float[q.length];
        for (int batch = 0; batch < problem.batch(); batch++) {
            for (int head = 0; head < problem.heads(); head++) {
                Packed queries = queries(q, batch, head);
                Packed keys = keys(k, batch, head);
                Packed values = values(v, batch, head);
                for (int query = 0; query < problem.queries(); query++) {
                    float[] scores = scores(queries, keys, query);
                    int row = ((batch * problem.heads() + head) * problem.queries() + query) * problem.keys();
                    for (int key = 0; key < scores.length && bias.length > 0; key++) {
                        scores[key] = Math.fma(bias[row + key], LOG2_E, scores[key]);
                    }
                    float[] mixed = mixed(scores, values);
                    System.arraycopy(mixed, 0, out, at(batch, problem.queries(), query, head), mixed.length);
                }
            }
        }
        return out;
    }

    /// Queries with softmax's factor: a step per token, or BF16.
    public Packed queries(float[] q, int batch, int head) {
        float[] own = head(q, problem.queries(), batch, head);
        float factor = problem.scale() * LOG2_E;
        return precision.quantizesScores() ? coded(own, 1, factor) : narrowed(own, factor);
    }

    /// Keys without their mean: with a step per 64 tokens, or BF16.
    public Packed keys(float[] k, int batch, int head) {
        float[] own = head(k, problem.keys(), batch, head);
        int dim = problem.headDim();
        for (int channel = 0; channel < dim && smoothing; channel++) {
            float mean = mean(own, channel);
            for (int i = channel; i < own.length; i += dim) {
                own[i] -= mean;
            }
        }
        return precision.quantizesScores() ? coded(own, AttentionProblem.KEY_TILE, 1) : narrowed(own, 1);
    }

    /// The mean over the tokens, summed in parts as the kernel sums.
    private float mean(float[] own, int channel) {
        float sum = 0;
        for (int part = 0; part < problem.parts(); part++) {
            float partial = 0;
            int to = Math.min((part + 1) * AttentionProblem.PART, problem.keys());
            for (int token = part * AttentionProblem.PART; token < to; token++) {
                partial += own[token * problem.headDim() + channel];
            }
            sum += partial;
        }
        return sum * (1f / problem.keys());
    }

    /// Values: e4m3 with a step per channel, which `steps` holds, or BF16.
    public Packed values(float[] v, int batch, int head) {
        float[] own = head(v, problem.keys(), batch, head);
        if (!precision.quantizesValues()) {
            return narrowed(own, 1);
        }
        int dim = problem.headDim();
        float[] steps = new float[dim];
        for (int channel = 0; channel < dim; channel++) {
            float most = 0;
            for (int i = channel; i < own.length; i += dim) {
                most = Math.max(most, Math.abs(own[i]));
            }
            float inverse = most > 0 ? E4M3_MOST / most : 0;
            for (int i = channel; i < own.length; i += dim) {
                own[i] = NarrowFloats.e4m3(own[i] * inverse);
            }
            steps[channel] = most * (1 / E4M3_MOST);
        }
        return new Packed(own, steps);
    }

    private float[] head(float[] x, int tokens, int batch, int head) {
        float[] own = new float[tokens * problem.headDim()];
        for (int token = 0; token < tokens; token++) {
            System.arraycopy(x, at(batch, tokens, token, head), own, token * problem.headDim(), problem.headDim());
        }
        return own;
    }

    private int at(int batch, int tokens, int token, int head) {
        return (batch * tokens + token) * problem.channels() + head * problem.headDim();
    }

    /// Codes of at most 127 with one step for `rows` tokens.
    private Packed coded(float[] own, int rows, float factor) {
        int dim = problem.headDim();
        float[] steps = new float[own.length / dim];
        for (int from = 0; from < steps.length; from += rows) {
            int to = Math.min(from + rows, steps.length);
            float most = 0;
            for (int i = from * dim; i < to * dim; i++) {
                most = Math.max(most, Math.abs(own[i]));
            }
            float inverse = most > 0 ? MOST_CODE / most : 0;
            for (int i = from * dim; i < to * dim; i++) {
                own[i] = Math.clamp((float) Math.rint(own[i] * inverse), -MOST_CODE, MOST_CODE);
            }
            for (int token = from; token < to; token++) {
                steps[token] = most / MOST_CODE * factor;
            }
        }
        return new Packed(own, steps);
    }

    private Packed narrowed(float[] own, float factor) {
        for (int i = 0; i < own.length; i++) {
            own[i] = NarrowFloats.bf16(own[i] * factor);
        }
        float[] ones = new float[own.length / problem.headDim()];
        Arrays.fill(ones, 1);
        return new Packed(own, ones);
    }

    /// Logarithms to base 2 of the weights of a query, before their sum is known.
    private float[] scores(Packed queries, Packed keys, int query) {
        int dim = problem.headDim();
        float[] scores = new float[problem.keys()];
        for (int key = 0; key < scores.length; key++) {
            double sum = 0; // Exact for codes.
            for (int channel = 0; channel < dim; channel++) {
                sum += (double) queries.values[query * dim + channel] * keys.values[key * dim + channel];
            }
            scores[key] = (float) sum * (queries.steps[query] * keys.steps[key]);
        }
        return scores;
    }

    /// Softmax in steps of 32 keys, each time with the largest score so far.
    private float[] mixed(float[] scores, Packed values) {
        int dim = problem.headDim();
        float lift = precision.quantizesValues() ? LIFT : 0;
        float[] mixed = new float[dim];
        float most = Float.NEGATIVE_INFINITY;
        float total = 0;
        for (int from = 0; from < scores.length; from += span) {
            int to = Math.min(from + span, scores.length);
            float before = most;
            for (int key = from; key < to; key++) {
                most = Math.max(most, scores[key]);
            }
            float base = most == Float.NEGATIVE_INFINITY ? 0 : most;
            float alpha = (float) Math.pow(2, before - base);
            float sum = 0;
            float[] added = new float[dim];
            for (int key = from; key < to; key++) {
                float weight = (float) Math.pow(2, scores[key] - (base - lift));
                sum += weight;
                float rounded = precision.quantizesValues() ? NarrowFloats.e4m3(weight) : NarrowFloats.bf16(weight);
                for (int channel = 0; channel < dim; channel++) {
                    added[channel] += rounded * values.values[key * dim + channel];
                }
            }
            total = Math.fma(total, alpha, sum);
            for (int channel = 0; channel < dim; channel++) {
                mixed[channel] = Math.fma(mixed[channel], alpha, added[channel]);
            }
        }
        float inverse = total > 0 ? 1 / total : 0;
        for (int channel = 0; channel < dim; channel++) {
            mixed[channel] *= inverse * (precision.quantizesValues() ? values.steps[channel] : 1);
        }
        return mixed;
    }
}
