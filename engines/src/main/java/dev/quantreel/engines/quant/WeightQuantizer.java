package dev.quantreel.engines.quant;

/// How the grid of a weight row is chosen. All members are data-free, asymmetric and take 2 to 8 bits.
///
/// What they share (range that contains 0, rounding half to even, packing, error figures) is in [QuantizedMatrix#of].
public sealed interface WeightQuantizer {

    /// Round to nearest on the range of the weights; the baseline.
    ///
    /// @param granularity one grid per row or per tensor
    record MinMax(Granularity granularity) implements WeightQuantizer {
        public MinMax() {
            this(new Granularity.PerRow());
        }
    }

    /// Progressive bounding: the grid search without refinement (DVD-Quant, first version).
    record Pbq() implements WeightQuantizer {}

    /// Bounded-init grid refinement (DVD-Quant): the bound search of [Pbq], then step, zero point and codes are solved
    /// for in turn, each with the other two fixed; the best grid seen is kept.
    ///
    /// @param maxIterations rounds of refinement per row
    /// @param tolerance refinement stops when the relative fall of the error is smaller
    record Bgr(int maxIterations, double tolerance) implements WeightQuantizer {
        public Bgr() {
            this(50, 1e-4);
        }

        public Bgr {
            if (maxIterations < 0 || !(tolerance >= 0)) {
                throw new IllegalArgumentException(
                        "BGR takes maxIterations >= 0 and tolerance >= 0, got " + maxIterations + " and " + tolerance);
            }
        }
    }
}
