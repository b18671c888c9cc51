package dev.quantreel.engines.internal.kernel;

/// The inner loops of the searches for a grid. [ScalarGridSearch] is the specification; all members return the same
/// bits, because they add the same partial sums in the same order.
public sealed interface GridSearchKernels permits ScalarGridSearch, VectorGridSearch {

    /// Number of interleaved partial sums: element `i` of the whole part belongs to sum `i % LANES`.
    int LANES = 32;

    /// Squared error of `row[from..to)` on a grid: the sum of `(w - step * q(w))²`.
    float squaredError(float[] row, int from, int to, UniformGrid grid);

    /// Squared error and what the closed forms of refinement need, in one pass.
    GridFit fit(float[] row, int from, int to, UniformGrid grid);

    /// Sums over weights `w` with error `e = w - step * q`.
    ///
    /// With the integers kept, the error falls most by adding `errorLevels / levelSquares` to the step, and the
    /// zero point that suits them best follows from the means of the integers and of the weights.
    ///
    /// @param squaredError `Σ e²`
    /// @param levels `Σ q`
    /// @param errors `Σ e`
    /// @param errorLevels `Σ e q`
    /// @param levelSquares `Σ q²`
    record GridFit(float squaredError, float levels, float errors, float errorLevels, float levelSquares) {}

    /// The fastest member this process can run.
    static GridSearchKernels best() {
        return Holder.BEST;
    }

    /// Adds the partial sums pairwise, halves first, then the sum of the tail.
    static float total(float[] sums, float tail) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                sums[i] += sums[i + half];
            }
        }
        return sums[0] + tail;
    }

    /// The end of the part that is a multiple of the lanes.
    static int whole(int from, int to) {
        return to - (to - from) % LANES;
    }

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final GridSearchKernels BEST =
                VectorSupport.choose(ScalarGridSearch::new, VectorGridSearch::new);

        private Holder() {}
    }
}
