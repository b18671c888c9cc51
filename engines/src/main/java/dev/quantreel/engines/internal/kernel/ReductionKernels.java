package dev.quantreel.engines.internal.kernel;

import java.lang.foreign.MemorySegment;

/// Reductions over F32 segments.
///
/// Extremes follow [Math#max]: one NaN makes the result NaN. Sums are kept in double precision by the scalar class and
/// in blocks of float lanes by the vector class; both agree to a relative 1e-5 of the sum of magnitudes.
public sealed interface ReductionKernels permits ScalarReductionKernels, VectorReductionKernels {

    /// The fastest implementation this process can run.
    static ReductionKernels best() {
        return Holder.BEST;
    }

    /// Largest magnitude; 0 of nothing.
    float absMax(MemorySegment values);

    /// Smallest value; positive infinity of nothing.
    float min(MemorySegment values);

    /// Largest value; negative infinity of nothing.
    float max(MemorySegment values);

    /// Σ a·b of two segments of equal size.
    double dot(MemorySegment a, MemorySegment b);

    /// Σ |v|.
    double absSum(MemorySegment values);

    /// Σ v².
    double squareSum(MemorySegment values);

    /// Σ |a − b| of two segments of equal size.
    double absDifferenceSum(MemorySegment a, MemorySegment b);

    /// Σ (a − b)² of two segments of equal size.
    double squaredDifferenceSum(MemorySegment a, MemorySegment b);

    /// Index of the first NaN or infinity, or -1.
    long firstNonFinite(MemorySegment values);

    /// Number of floats.
    static long count(MemorySegment values) {
        if (values.byteSize() % 4 != 0) {
            throw new IllegalArgumentException("a segment of " + values.byteSize() + " bytes does not hold floats");
        }
        return values.byteSize() / 4;
    }

    /// Number of floats in each of two segments, which must be equally large.
    static long count(MemorySegment a, MemorySegment b) {
        if (a.byteSize() != b.byteSize()) {
            throw new IllegalArgumentException(
                    "segments of " + a.byteSize() + " and " + b.byteSize() + " bytes are not equally large");
        }
        return count(a);
    }

    /// Delays loading of the implementations until one is asked for.
    final class Holder {
        private static final ReductionKernels BEST =
                VectorSupport.choose(ScalarReductionKernels::new, VectorReductionKernels::new);

        private Holder() {}
    }
}
