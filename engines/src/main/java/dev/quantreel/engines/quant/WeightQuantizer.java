package dev.quantreel.engines.quant;

/// How the grid of a row or group of weights is chosen. All members but [Gptq] are data-free; all take 2 to 8
/// bits.
///
/// What they share (range that contains 0, rounding half to even, packing, error figures) is in [QuantizedMatrix#of].
public sealed interface WeightQuantizer {

    /// Quantizers whose grid lies between two bounds, [GridSearch].
    sealed interface Bounded extends WeightQuantizer {}

    /// Round to nearest on the range of the weights; the baseline.
    record MinMax() implements Bounded {}

    /// Round to nearest on the range from minus to plus the largest magnitude, `step = max|w| / (2^(bits-1) - 1)`, with
    /// the zero point in the middle.
    record Symmetric() implements WeightQuantizer {}

    /// Progressive bounding: the grid search without refinement (DVD-Quant, first version).
    record Pbq() implements Bounded {}

    /// Bounded-init grid refinement (DVD-Quant): the bound search of [Pbq], then step, zero point and codes are solved
    /// for in turn, each with the other two fixed; the best grid seen is kept.
    ///
    /// @param maxIterations rounds of refinement per row
    /// @param tolerance refinement stops when the relative fall of the error is smaller
    record Bgr(int maxIterations, double tolerance) implements Bounded {
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

    /// Rounding with error feedback (GPTQ) on statistics of the layer's input, in the rotated basis: columns by falling
    /// energy, each rounded so that it makes up for the errors of those before it, see [ErrorFeedback].
    ///
    /// @param grid chooses the grids beforehand
    /// @param damping share of the mean diagonal that is added to `Σ x xᵀ`; 0.01 is usual
    record Gptq(WeightQuantizer grid, double damping) implements WeightQuantizer {
        /// On grids of [Bgr].
        public Gptq() {
            this(new Bgr(), 0.01);
        }

        public Gptq {
            if (grid instanceof Gptq || !(damping > 0 && damping <= 1)) {
                throw new IllegalArgumentException("GPTQ takes grids of another quantizer and a damping above 0, up to"
                        + " 1, got " + grid + " and " + damping);
            }
        }

        @Override
        public CodeValues values(int bits, int columns) {
            return grid.values(bits, columns);
        }

        @Override
        public void requireFits(int bits, Granularity granularity) {
            grid.requireFits(bits, granularity);
        }
    }

    /// What chooses the grids.
    default WeightQuantizer grids() {
        return this instanceof Gptq gptq ? gptq.grid() : this;
    }

    /// Whether [ActivationStatistics] are needed.
    default boolean needsStatistics() {
        return this instanceof Gptq;
    }

    /// What the codes of a matrix with so many columns stand for.
    default CodeValues values(int bits, int columns) {
        return new CodeValues.Integers();
    }

    /// @throws IllegalArgumentException when the quantizer has no such grids
    default void requireFits(int bits, Granularity granularity) {
        boolean takesRange = this instanceof MinMax || this instanceof Symmetric;
        if (granularity instanceof Granularity.PerTensor && !takesRange) {
            throw new IllegalArgumentException(
                    this + " chooses a grid per row or group; one grid per tensor is for MinMax and Symmetric");
        }
        if (granularity instanceof Granularity.GroupMultiples && bits > Granularity.GroupMultiples.MULTIPLE_BITS) {
            throw new IllegalArgumentException(
                    "group steps that are multiples of a row's step leave room for weights of "
                            + Granularity.GroupMultiples.MULTIPLE_BITS + " bits, weight bits is " + bits
                            + "; use PerGroup instead");
        }
    }
}
