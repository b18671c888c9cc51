package dev.quantreel.engines.lowrank;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;

/// A product of two narrow matrices that is added to the output of one linear: `y += factor * (x downᵀ) upᵀ`. The
/// factors are stored in 16 bits and multiplied in F32; [ReferenceBranch] specifies the arithmetic.
///
/// @param down F16 or BF16 `[rank, in]`; may be a view of a mapped file, which then outlives every session that reads
/// it. Layers that share the tensor and the input share the product
/// @param up F16 or BF16 `[out, rank]`
/// @param factor multiplies the sums in F32: strength, `alpha / rank`, the powers of two of [HalfPrecision]
/// @param basis what is multiplied by `down`
/// @param frames multiply the product in the middle, token by token
public record LowRankBranch(Tensor down, Tensor up, float factor, Basis basis, FrameFactors frames) {

    /// A branch that counts alike in all frames.
    public LowRankBranch(Tensor down, Tensor up, float factor, Basis basis) {
        this(down, up, factor, basis, FrameFactors.NONE);
    }

    /// In which coordinates a branch reads the activation of its layer.
    public enum Basis {
        /// The activation as it reaches the linear: what was trained or computed on the original weight, as LoRAs are.
        ORIGINAL,
        /// The activation that meets the stored weight, before any rounding: smoothed and rotated where the weight is.
        /// SVDQuant: `Y = Q(X̂) Q(R)ᵀ + (X̂ L2ᵀ) L1ᵀ` with one `X̂`. The original one beside a layer that is
        /// kept.
        QUANTIZED
    }

    public LowRankBranch {
        if (!isNarrow(down) || !isNarrow(up)) {
            throw new IllegalArgumentException(
                    "a low-rank branch has matrices in F16 or BF16, got " + describe(down) + " and " + describe(up));
        }
        if (down.shape().dim(0) != up.shape().dim(1) || down.shape().dim(0) == 0) {
            throw new IllegalArgumentException("the matrices of a low-rank branch, [rank, in] and [out, rank], share no"
                    + " rank: " + down.shape() + " and " + up.shape());
        }
        if (!Float.isFinite(factor)) {
            throw new IllegalArgumentException("the factor of a low-rank branch is " + factor + "; it must be finite");
        }
    }

    private static boolean isNarrow(Tensor tensor) {
        return tensor.isMatrix() && (tensor.dtype() == DType.F16 || tensor.dtype() == DType.BF16);
    }

    private static String describe(Tensor tensor) {
        return tensor.dtype() + tensor.shape().toString();
    }

    /// Width of the product in the middle.
    public int rank() {
        return Math.toIntExact(down.shape().dim(0));
    }

    /// Channels that it reads.
    public int inputs() {
        return Math.toIntExact(down.shape().dim(1));
    }

    /// Channels that it adds to.
    public int outputs() {
        return Math.toIntExact(up.shape().dim(0));
    }
}
