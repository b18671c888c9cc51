package dev.quantreel.engines.quant;

/// Whether a part of every quantized weight is taken out as a product of two narrow matrices that stay in 16 bits
/// ([dev.quantreel.engines.lowrank.LowRankBranch]).
public sealed interface BranchPlan {

    /// No branch.
    record None() implements BranchPlan {}

    /// The largest singular values of the weight, as it would be quantized (smoothed, rotated); the rest is quantized,
    /// and the branch solved again for what the codes leave, in turns (SVDQuant).
    ///
    /// @param rank of the branch; 32 is usual for widths around 3,072
    /// @param iterations turns at most; 1 takes the singular values of the weight alone
    record LowRank(int rank, int iterations) implements BranchPlan {
        public LowRank {
            if (rank < 1 || iterations < 1) {
                throw new IllegalArgumentException(
                        "a branch takes rank and iterations of at least 1, got " + rank + " and " + iterations);
            }
        }
    }
}
