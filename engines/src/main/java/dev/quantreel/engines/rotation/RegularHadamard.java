package dev.quantreel.engines.rotation;

import dev.quantreel.engines.internal.kernel.DequantizationKernels;

/// The rotation of ComfyUI's ConvRot files: every run of `group` channels times the regular Hadamard matrix
/// `kron(H4, H4, ...) / sqrt(group)`, without signs. Symmetric and orthogonal, hence its own inverse.
///
/// @param group channels per block, a power of 4
public record RegularHadamard(int group) {

    /// The block size that ComfyUI's kernels are made for.
    public static final int USUAL_GROUP = 256;

    public RegularHadamard {
        if (group < 4 || Integer.bitCount(group) != 1 || Integer.numberOfTrailingZeros(group) % 2 != 0) {
            throw new IllegalArgumentException(
                    "ConvRot group size is " + group + "; a power of 4 is needed (256 is usual)");
        }
    }

    /// Whether rows of `columns` weights consist of whole groups.
    public boolean divides(long columns) {
        return columns % group == 0;
    }

    /// Rotates in place.
    ///
    /// @throws IllegalArgumentException when the length is no multiple of the group
    public void apply(float[] row) {
        DequantizationKernels.best().rotate(row, group);
    }
}
