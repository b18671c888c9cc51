package dev.quantreel.engines.internal.kernel;

/// Fast Walsh-Hadamard transforms of runs of a row, in single precision. [ScalarRotation] is the specification; all
/// members return the same bits, because they add the same pairs in the same order.
///
/// A transform of weights stored in BF16 or F16 with runs of some hundred is exact in nearly all sums: their 8 or 11
/// bits leave room for the carries.
public sealed interface RotationKernels permits ScalarRotation, VectorRotation {

    /// The fastest member this process can run.
    static RotationKernels best() {
        return Holder.BEST;
    }

    /// Multiplies the first `factors.length` values by the factors, then transforms every run.
    ///
    /// @param run a power of two that divides the number of factors
    void scaleThenTransform(float[] row, int run, float[] factors);

    /// Transforms every run of the first `factors.length` values, then multiplies by the factors.
    void transformThenScale(float[] row, int run, float[] factors);

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final RotationKernels BEST = VectorSupport.choose(ScalarRotation::new, VectorRotation::new);

        private Holder() {}
    }
}
