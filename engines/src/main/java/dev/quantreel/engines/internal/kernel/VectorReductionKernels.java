package dev.quantreel.engines.internal.kernel;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [ReductionKernels] by the Vector API: a vector body and the scalar loop as its tail.
///
/// Sums run in float lanes over blocks of [#BLOCK] elements and are added up in double, so that the error does not grow
/// with the tensor. Two accumulators hide the latency of the additions. A block whose float sum leaves the range of
/// float is summed again by the scalar loop.
public final class VectorReductionKernels implements ReductionKernels {

    private static final VectorSpecies<Float> FLOAT = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INT = IntVector.SPECIES_PREFERRED;
    private static final int LANES = FLOAT.length();
    private static final int UNROLLED = 2 * LANES;
    private static final int BLOCK = 64 * UNROLLED;

    @Override
    public float absMax(MemorySegment values) {
        long bound = bound(ReductionKernels.count(values), LANES);
        FloatVector result = FloatVector.zero(FLOAT);
        for (long i = 0; i < bound; i += LANES) {
            result = result.max(load(values, i).abs());
        }
        return ScalarReductionKernels.absMax(values, bound, result.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public float min(MemorySegment values) {
        long bound = bound(ReductionKernels.count(values), LANES);
        FloatVector result = FloatVector.broadcast(FLOAT, Float.POSITIVE_INFINITY);
        for (long i = 0; i < bound; i += LANES) {
            result = result.min(load(values, i));
        }
        return ScalarReductionKernels.min(values, bound, result.reduceLanes(VectorOperators.MIN));
    }

    @Override
    public float max(MemorySegment values) {
        long bound = bound(ReductionKernels.count(values), LANES);
        FloatVector result = FloatVector.broadcast(FLOAT, Float.NEGATIVE_INFINITY);
        for (long i = 0; i < bound; i += LANES) {
            result = result.max(load(values, i));
        }
        return ScalarReductionKernels.max(values, bound, result.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public double dot(MemorySegment a, MemorySegment b) {
        long bound = bound(ReductionKernels.count(a, b), BLOCK);
        double sum = 0;
        for (long block = 0; block < bound; block += BLOCK) {
            FloatVector even = FloatVector.zero(FLOAT);
            FloatVector odd = FloatVector.zero(FLOAT);
            for (long i = block; i < block + BLOCK; i += UNROLLED) {
                even = load(a, i).fma(load(b, i), even);
                odd = load(a, i + LANES).fma(load(b, i + LANES), odd);
            }
            float partial = even.add(odd).reduceLanes(VectorOperators.ADD);
            sum += Float.isFinite(partial) ? partial : ScalarReductionKernels.dot(slice(a, block), slice(b, block), 0);
        }
        return sum + ScalarReductionKernels.dot(a, b, bound);
    }

    @Override
    public double absSum(MemorySegment values) {
        long bound = bound(ReductionKernels.count(values), BLOCK);
        double sum = 0;
        for (long block = 0; block < bound; block += BLOCK) {
            FloatVector even = FloatVector.zero(FLOAT);
            FloatVector odd = FloatVector.zero(FLOAT);
            for (long i = block; i < block + BLOCK; i += UNROLLED) {
                even = even.add(load(values, i).abs());
                odd = odd.add(load(values, i + LANES).abs());
            }
            float partial = even.add(odd).reduceLanes(VectorOperators.ADD);
            sum += Float.isFinite(partial) ? partial : ScalarReductionKernels.absSum(slice(values, block), 0);
        }
        return sum + ScalarReductionKernels.absSum(values, bound);
    }

    @Override
    public double squareSum(MemorySegment values) {
        return dot(values, values);
    }

    @Override
    public double absDifferenceSum(MemorySegment a, MemorySegment b) {
        long bound = bound(ReductionKernels.count(a, b), BLOCK);
        double sum = 0;
        for (long block = 0; block < bound; block += BLOCK) {
            FloatVector even = FloatVector.zero(FLOAT);
            FloatVector odd = FloatVector.zero(FLOAT);
            for (long i = block; i < block + BLOCK; i += UNROLLED) {
                even = even.add(load(a, i).sub(load(b, i)).abs());
                odd = odd.add(load(a, i + LANES).sub(load(b, i + LANES)).abs());
            }
            float partial = even.add(odd).reduceLanes(VectorOperators.ADD);
            sum += Float.isFinite(partial)
                    ? partial
                    : ScalarReductionKernels.absDifferenceSum(slice(a, block), slice(b, block), 0);
        }
        return sum + ScalarReductionKernels.absDifferenceSum(a, b, bound);
    }

    @Override
    public double squaredDifferenceSum(MemorySegment a, MemorySegment b) {
        long bound = bound(ReductionKernels.count(a, b), BLOCK);
        double sum = 0;
        for (long block = 0; block < bound; block += BLOCK) {
            FloatVector even = FloatVector.zero(FLOAT);
            FloatVector odd = FloatVector.zero(FLOAT);
            for (long i = block; i < block + BLOCK; i += UNROLLED) {
                FloatVector first = load(a, i).sub(load(b, i));
                FloatVector second = load(a, i + LANES).sub(load(b, i + LANES));
                even = first.fma(first, even);
                odd = second.fma(second, odd);
            }
            float partial = even.add(odd).reduceLanes(VectorOperators.ADD);
            sum += Float.isFinite(partial)
                    ? partial
                    : ScalarReductionKernels.squaredDifferenceSum(slice(a, block), slice(b, block), 0);
        }
        return sum + ScalarReductionKernels.squaredDifferenceSum(a, b, bound);
    }

    @Override
    public long firstNonFinite(MemorySegment values) {
        long bound = bound(ReductionKernels.count(values), LANES);
        for (long i = 0; i < bound; i += LANES) {
            IntVector exponent = IntVector.fromMemorySegment(INT, values, 4 * i, LITTLE_ENDIAN)
                    .and(0x7F80_0000);
            int lane = exponent.eq(0x7F80_0000).firstTrue();
            if (lane < LANES) {
                return i + lane;
            }
        }
        return ScalarReductionKernels.firstNonFinite(values, bound);
    }

    private static FloatVector load(MemorySegment values, long index) {
        return FloatVector.fromMemorySegment(FLOAT, values, 4 * index, LITTLE_ENDIAN);
    }

    private static MemorySegment slice(MemorySegment values, long block) {
        return values.asSlice(4 * block, 4L * BLOCK);
    }

    private static long bound(long count, int step) {
        return count - count % step;
    }
}
