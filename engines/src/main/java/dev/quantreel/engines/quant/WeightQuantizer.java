package dev.quantreel.engines.quant;

/// How the grid of a row or group of weights is chosen. All members but [Gptq] are data-free; all take 2 to 8
/// bits.
///
/// What they share (range that contains 0, rounding half to even, packing, error figures) is in [QuantizedMatrix#of].
public sealed interface WeightQuantizer {

    /// Quantizers whose grid lies between two bounds.
    sealed interface Bounded extends WeightQuantizer {}

    /// Round to nearest on the range of the weights; the baseline.
    record MinMax() implements Bounded {}

    /// Round to nearest on the range from minus to plus the largest magnitude, `step = max|w| / (2^(bits-1) - 1)`, with
    /// the zero point in the middle (QuaRot, ConvRot, SVDQuant).
    ///
    /// @param searched shrinks the range to the least squared error, then refines the step
    record Symmetric(boolean searched) implements WeightQuantizer {
        public Symmetric() {
            this(false);
        }
    }

    /// MSE clip search (QuaRot, GPTQ, QVGen): the range, both ends shrunk alike by `p = 1 - i / 100` for i = 0..79,
    /// with the least `Σ|e|^norm`.
    ///
    /// @param norm 2.4 as published; 2 is the squared error
    record ClipSearch(double norm) implements WeightQuantizer {
        public ClipSearch() {
            this(2.4);
        }

        public ClipSearch {
            if (!(norm >= 0.5) || norm > 8) {
                throw new IllegalArgumentException("the norm of a clip search is " + norm + "; 0.5 to 8 is accepted");
            }
        }
    }

    /// Half-quadratic quantization (HQQ): the step is that of the range; a fractional zero point is fitted to the
    /// weights less what a shrinkage operator takes for outliers of the error, `sign(e) max(|e| - |e|^(p-1) /
    /// β, 0)`, in turns with the codes. Usual in groups of 64. The fraction has `8 - bits` bits, so a zero
    /// point stays a byte.
    ///
    /// @param norm p, below 1; 0.7 as published
    /// @param beta of the shrinkage, in units of the weights; 10 as published
    /// @param growth of beta per turn; 1.01 in the published code
    /// @param maxIterations turns at most; it stops when the mean magnitude of the error no longer falls
    record Hqq(double norm, double beta, double growth, int maxIterations) implements WeightQuantizer {
        public Hqq() {
            this(0.7, 10, 1.01, 20);
        }

        public Hqq {
            if (!(norm > 0) || norm > 1 || !(beta > 0) || !(growth >= 1) || maxIterations < 0) {
                throw new IllegalArgumentException("HQQ takes a norm in (0, 1], beta > 0, growth >= 1 and maxIterations"
                        + " >= 0, got " + norm + ", " + beta + ", " + growth + " and " + maxIterations);
            }
        }
    }

    /// Rows as a length times the nearest centroids of a coordinate of a random direction (OrbitQuant,
    /// [LloydMaxCodebook]); the centroids as 8-bit integers, so that the product stays in integers. Wants rotated
    /// weights, whose coordinates are alike. Takes 2 to 6 bits.
    record LloydMaxRows() implements WeightQuantizer {}

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

    /// @throws IllegalArgumentException when the quantizer has no such grids
    default void requireFits(int bits, Granularity granularity) {
        boolean takesRange = this instanceof MinMax || this instanceof Symmetric(boolean searched) && !searched;
        if (granularity instanceof Granularity.PerTensor && !takesRange) {
            throw new IllegalArgumentException(
                    this + " chooses a grid per row or group; one grid per tensor is for MinMax and Symmetric");
        }
        if (this instanceof LloydMaxRows && bits > LloydMax.LARGEST_BITS) {
            throw new IllegalArgumentException("Lloyd-Max rows take 2 to " + LloydMax.LARGEST_BITS
                    + " bits, weight bits is " + bits + "; beyond, 8-bit integers do not hold the centroids apart");
        }
        if (!(granularity instanceof Granularity.GroupMultiples)) {
            return;
        }
        if (bits > Granularity.GroupMultiples.MULTIPLE_BITS) {
            throw new IllegalArgumentException(
                    "group steps that are multiples of a row's step leave room for weights of "
                            + Granularity.GroupMultiples.MULTIPLE_BITS + " bits, weight bits is " + bits
                            + "; use PerGroup instead");
        }
        if (this instanceof Hqq || this instanceof LloydMaxRows) {
            throw new IllegalArgumentException(this + " has no integer zero points that steps could be multiplied with;"
                    + " use PerGroup or PerRow instead");
        }
    }
}
