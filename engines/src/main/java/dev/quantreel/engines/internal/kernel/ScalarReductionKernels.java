package dev.quantreel.engines.internal.kernel;

import java.lang.foreign.MemorySegment;

/// The specification of [ReductionKernels]: one element at a time, sums in double precision.
public final class ScalarReductionKernels implements ReductionKernels {

    @Override
    public float absMax(MemorySegment values) {
        return absMax(values, 0, 0f);
    }

    @Override
    public float min(MemorySegment values) {
        return min(values, 0, Float.POSITIVE_INFINITY);
    }

    @Override
    public float max(MemorySegment values) {
        return max(values, 0, Float.NEGATIVE_INFINITY);
    }

    @Override
    public double dot(MemorySegment a, MemorySegment b) {
        return dot(a, b, 0);
    }

    @Override
    public double absSum(MemorySegment values) {
        return absSum(values, 0);
    }

    @Override
    public double squareSum(MemorySegment values) {
        return dot(values, values, 0);
    }

    @Override
    public double absDifferenceSum(MemorySegment a, MemorySegment b) {
        return absDifferenceSum(a, b, 0);
    }

    @Override
    public double squaredDifferenceSum(MemorySegment a, MemorySegment b) {
        return squaredDifferenceSum(a, b, 0);
    }

    @Override
    public long firstNonFinite(MemorySegment values) {
        return firstNonFinite(values, 0);
    }

    // The loops below also finish the tails of the vector kernels, hence `from`.

    static float absMax(MemorySegment values, long from, float start) {
        float result = start;
        for (long i = from; i < ReductionKernels.count(values); i++) {
            result = Math.max(result, Math.abs(at(values, i)));
        }
        return result;
    }

    static float min(MemorySegment values, long from, float start) {
        float result = start;
        for (long i = from; i < ReductionKernels.count(values); i++) {
            result = Math.min(result, at(values, i));
        }
        return result;
    }

    static float max(MemorySegment values, long from, float start) {
        float result = start;
        for (long i = from; i < ReductionKernels.count(values); i++) {
            result = Math.max(result, at(values, i));
        }
        return result;
    }

    static double dot(MemorySegment a, MemorySegment b, long from) {
        double sum = 0;
        for (long i = from; i < ReductionKernels.count(a, b); i++) {
            sum += (double) at(a, i) * at(b, i);
        }
        return sum;
    }

    static double absSum(MemorySegment values, long from) {
        double sum = 0;
        for (long i = from; i < ReductionKernels.count(values); i++) {
            sum += Math.abs(at(values, i));
        }
        return sum;
    }

    static double absDifferenceSum(MemorySegment a, MemorySegment b, long from) {
        double sum = 0;
        for (long i = from; i < ReductionKernels.count(a, b); i++) {
            sum += Math.abs((double) at(a, i) - at(b, i));
        }
        return sum;
    }

    static double squaredDifferenceSum(MemorySegment a, MemorySegment b, long from) {
        double sum = 0;
        for (long i = from; i < ReductionKernels.count(a, b); i++) {
            double difference = (double) at(a, i) - at(b, i);
            sum += difference * difference;
        }
        return sum;
    }

    static long firstNonFinite(MemorySegment values, long from) {
        for (long i = from; i < ReductionKernels.count(values); i++) {
            if (!Float.isFinite(at(values, i))) {
                return i;
            }
        }
        return -1;
    }

    private static float at(MemorySegment values, long index) {
        return values.get(ScalarConversionKernels.FLOAT, 4 * index);
    }
}
