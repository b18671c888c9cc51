package dev.quantreel.engines.internal.kernel;

/// One pass over a row: its range, its moments, the error of a grid, its codes. [ScalarRowKernels] is the
/// specification; all members return the same bits.
public sealed interface RowKernels permits ScalarRowKernels, VectorRowKernels {

    /// Number of interleaved partial sums, as in [GridSearchKernels].
    int LANES = GridSearchKernels.LANES;

    /// The fastest member this process can run.
    static RowKernels best() {
        return Holder.BEST;
    }

    /// The range of `row[from..to)` and 0.
    Range range(float[] row, int from, int to);

    /// Sums of the powers of `w * scale`.
    ///
    /// @param scale usually the inverse of the largest magnitude, so that no power leaves the range of floats
    Moments moments(float[] row, int from, int to, float scale);

    /// What the codes of a row leave of it, `e = w - step * (code + low)`.
    ///
    /// @param codes as [#codes] writes them, or chosen otherwise
    Errors errors(float[] row, int from, int to, UniformGrid grid, byte[] codes);

    /// Writes `q - low` of every weight of `row[from..to)` as unsigned bytes, to the same places.
    void codes(float[] row, int from, int to, UniformGrid grid, byte[] into);

    /// Smallest and largest value, at most and at least 0. At least one is not finite where a weight is not.
    record Range(float low, float high) {
        public boolean finite() {
            return Float.isFinite(low) && Float.isFinite(high);
        }

        /// Largest magnitude.
        public float reach() {
            return Math.max(-low, high);
        }
    }

    /// Sums of the first four powers.
    record Moments(float sum, float squares, float cubes, float fourths) {}

    /// @param sum `Σ e`
    /// @param squares `Σ e²`
    /// @param largest `max |e|`
    /// @param clipped weights whose nearest multiple of the step is beyond the grid
    record Errors(float sum, float squares, float largest, int clipped) {}

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final RowKernels BEST = VectorSupport.choose(ScalarRowKernels::new, VectorRowKernels::new);

        private Holder() {}
    }
}
