package dev.quantreel.engines.lowrank;

import dev.quantreel.engines.tensor.Conversions;

/// A low-rank branch in plain Java: the specification that every engine's graph must equal up to the rounding of sums.
///
/// `Y_io += factor * frame_i * Σ_k (Σ_j X_ij down_kj) up_ok`, the stored 16-bit values widened exactly.
public final class ReferenceBranch {

    private ReferenceBranch() {}

    /// Adds a branch to the output of its layer.
    ///
    /// @param x `[tokens, in]`, row after row, in the basis of the branch; one clip where frames have factors
    /// @param y `[tokens, out]`, changed
    /// @throws IllegalArgumentException when the sizes do not fit
    public static void add(LowRankBranch branch, float[] x, float[] y) {
        int in = branch.inputs();
        int out = branch.outputs();
        int tokens = x.length / in;
        if (tokens * in != x.length || tokens * out != y.length) {
            throw new IllegalArgumentException("a branch from " + in + " to " + out + " channels does not fit an input"
                    + " of " + x.length + " and an output of " + y.length + " values");
        }
        float[] down = Conversions.toFloatArray(branch.down());
        float[] up = Conversions.toFloatArray(branch.up());
        int rank = branch.rank();
        double[] reduced = new double[rank];
        for (int i = 0; i < tokens; i++) {
            for (int k = 0; k < rank; k++) {
                reduced[k] = 0;
                for (int j = 0; j < in; j++) {
                    reduced[k] += (double) x[i * in + j] * down[k * in + j];
                }
            }
            double factor = (double) branch.factor() * branch.frames().of(i, tokens);
            for (int o = 0; o < out; o++) {
                double sum = 0;
                for (int k = 0; k < rank; k++) {
                    sum += reduced[k] * up[o * rank + k];
                }
                y[i * out + o] = (float) (y[i * out + o] + factor * sum);
            }
        }
    }
}
