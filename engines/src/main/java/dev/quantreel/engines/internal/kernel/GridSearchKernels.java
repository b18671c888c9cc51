package dev.quantreel.engines.internal.kernel;

/// The inner loop of the weight grid search. [ScalarGridSearch] is the specification; all members return the same bits,
/// because they add the same partial sums in the same order.
public sealed interface GridSearchKernels permits ScalarGridSearch, VectorGridSearch {

    /// Number of interleaved partial sums: element `i` of the whole part belongs to sum `i % LANES`.
    int LANES = 32;

    /// Adding and subtracting 1.5 * 2^23 rounds a float below 2^22 to the nearest integer, ties to even.
    float ROUNDER = 12582912f;

    /// Squared error of `row[0..columns)` on a uniform grid: the sum of
    /// `(w - step * clamp(rint(w / step), low, high))²`.
    ///
    /// @param step distance of two grid values
    /// @param low smallest code less the zero point
    /// @param high largest code less the zero point
    float squaredError(float[] row, int columns, float step, float low, float high);

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

    /// Error of one weight.
    static float error(float weight, float step, float inverse, float low, float high) {
        float code = Math.min(Math.max(weight * inverse, low), high);
        return Math.fma(-step, code + ROUNDER - ROUNDER, weight);
    }

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final GridSearchKernels BEST =
                VectorSupport.choose(ScalarGridSearch::new, VectorGridSearch::new);

        private Holder() {}
    }
}
