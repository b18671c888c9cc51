package dev.quantreel.engines.internal.kernel;

import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER;
import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER_BITS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// [GridSearchKernels] on the Vector API, two registers at a time.
///
/// Clamping runs on the bits of the rounded floats, where it takes one instruction: the API's minimum of floats has
/// to look for NaN and signed zeros, which takes five.
public final class VectorGridSearch implements GridSearchKernels {

    static final VectorSpecies<Float> FLOATS = preferred();
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

    /// Lanes eight, four and two places apart change places.
    private static final VectorShuffle<Float> BY_EIGHT = exchange(8);

    private static final VectorShuffle<Float> BY_FOUR = exchange(4);
    private static final VectorShuffle<Float> BY_TWO = exchange(2);

    static VectorShuffle<Float> exchange(int distance) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane ^ distance) % FLOATS.length());
    }

    private static VectorSpecies<Float> preferred() {
        int bits = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    @Override
    public float squaredError(float[] row, int from, int to, UniformGrid grid) {
        int length = FLOATS.length();
        if (2 * length == LANES) {
            return squaredErrorInRegisters(row, from, to, grid);
        }
        int whole = GridSearchKernels.whole(from, to);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        float[] sums = new float[LANES];
        for (int lane = 0; lane < LANES; lane += 2 * length) {
            FloatVector first = FloatVector.zero(FLOATS);
            FloatVector second = FloatVector.zero(FLOATS);
            for (int i = from + lane; i < whole; i += LANES) {
                FloatVector a = FloatVector.fromArray(FLOATS, row, i);
                FloatVector b = FloatVector.fromArray(FLOATS, row, i + length);
                IntVector bitsA = a.fma(inverses, rounder).reinterpretAsInts();
                IntVector bitsB = b.fma(inverses, rounder).reinterpretAsInts();
                FloatVector levelA = bitsA.max(lows).min(highs).reinterpretAsFloats();
                FloatVector levelB = bitsB.max(lows).min(highs).reinterpretAsFloats();
                FloatVector errorA = levelA.sub(rounder).fma(steps, a);
                FloatVector errorB = levelB.sub(rounder).fma(steps, b);
                first = errorA.fma(errorA, first);
                second = errorB.fma(errorB, second);
            }
            first.intoArray(sums, lane);
            second.intoArray(sums, lane + length);
        }
        return GridSearchKernels.total(sums, ScalarGridSearch.squaredTail(row, whole, to, grid));
    }

    /// [#squaredError] where two registers hold all lanes: nothing is allocated.
    private static float squaredErrorInRegisters(float[] row, int from, int to, UniformGrid grid) {
        int length = FLOATS.length();
        int whole = GridSearchKernels.whole(from, to);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        FloatVector first = FloatVector.zero(FLOATS);
        FloatVector second = FloatVector.zero(FLOATS);
        for (int i = from; i < whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i);
            FloatVector b = FloatVector.fromArray(FLOATS, row, i + length);
            IntVector bitsA = a.fma(inverses, rounder).reinterpretAsInts();
            IntVector bitsB = b.fma(inverses, rounder).reinterpretAsInts();
            FloatVector levelA = bitsA.max(lows).min(highs).reinterpretAsFloats();
            FloatVector levelB = bitsB.max(lows).min(highs).reinterpretAsFloats();
            FloatVector errorA = levelA.sub(rounder).fma(steps, a);
            FloatVector errorB = levelB.sub(rounder).fma(steps, b);
            first = errorA.fma(errorA, first);
            second = errorB.fma(errorB, second);
        }
        float sum = folded(first.add(second));
        return whole == to ? sum : sum + ScalarGridSearch.squaredTail(row, whole, to, grid);
    }

    /// What [GridSearchKernels#total] adds, from its second halving on, without leaving the register.
    static float folded(FloatVector sums) {
        FloatVector eight = sums.add(sums.rearrange(BY_EIGHT));
        FloatVector four = eight.add(eight.rearrange(BY_FOUR));
        FloatVector two = four.add(four.rearrange(BY_TWO));
        return two.lane(0) + two.lane(1);
    }

    @Override
    public GridFit fit(float[] row, int from, int to, UniformGrid grid) {
        int length = FLOATS.length();
        int whole = GridSearchKernels.whole(from, to);
        if (2 * length == LANES) {
            return fitInRegisters(row, from, to, grid);
        }
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        ScalarGridSearch.Partial sums = new ScalarGridSearch.Partial();
        for (int lane = 0; lane < LANES; lane += length) {
            FloatVector squares = FloatVector.zero(FLOATS);
            FloatVector total = FloatVector.zero(FLOATS);
            FloatVector errors = FloatVector.zero(FLOATS);
            FloatVector products = FloatVector.zero(FLOATS);
            FloatVector levels = FloatVector.zero(FLOATS);
            for (int i = from + lane; i < whole; i += LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, row, i);
                IntVector bits = weight.fma(inverses, rounder).reinterpretAsInts();
                FloatVector level =
                        bits.max(lows).min(highs).reinterpretAsFloats().sub(rounder);
                FloatVector error = level.fma(steps, weight);
                squares = error.fma(error, squares);
                total = total.add(level);
                errors = errors.add(error);
                products = error.fma(level, products);
                levels = level.fma(level, levels);
            }
            squares.intoArray(sums.squares, lane);
            total.intoArray(sums.sums, lane);
            errors.intoArray(sums.errors, lane);
            products.intoArray(sums.products, lane);
            levels.intoArray(sums.levels, lane);
        }
        return sums.total(row, whole, to, grid);
    }

    /// [#fit] where two registers hold all lanes: no sum leaves the registers before it is one number.
    private static GridFit fitInRegisters(float[] row, int from, int to, UniformGrid grid) {
        int length = FLOATS.length();
        int whole = GridSearchKernels.whole(from, to);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector squaresA = zero;
        FloatVector squaresB = zero;
        FloatVector totalA = zero;
        FloatVector totalB = zero;
        FloatVector errorsA = zero;
        FloatVector errorsB = zero;
        FloatVector productsA = zero;
        FloatVector productsB = zero;
        FloatVector levelsA = zero;
        FloatVector levelsB = zero;
        for (int i = from; i < whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i);
            FloatVector b = FloatVector.fromArray(FLOATS, row, i + length);
            IntVector bitsA = a.fma(inverses, rounder).reinterpretAsInts();
            IntVector bitsB = b.fma(inverses, rounder).reinterpretAsInts();
            FloatVector levelA =
                    bitsA.max(lows).min(highs).reinterpretAsFloats().sub(rounder);
            FloatVector levelB =
                    bitsB.max(lows).min(highs).reinterpretAsFloats().sub(rounder);
            FloatVector errorA = levelA.fma(steps, a);
            FloatVector errorB = levelB.fma(steps, b);
            squaresA = errorA.fma(errorA, squaresA);
            squaresB = errorB.fma(errorB, squaresB);
            totalA = totalA.add(levelA);
            totalB = totalB.add(levelB);
            errorsA = errorsA.add(errorA);
            errorsB = errorsB.add(errorB);
            productsA = errorA.fma(levelA, productsA);
            productsB = errorB.fma(levelB, productsB);
            levelsA = levelA.fma(levelA, levelsA);
            levelsB = levelB.fma(levelB, levelsB);
        }
        GridFit tail = ScalarGridSearch.tail(row, whole, to, grid);
        return new GridFit(
                folded(squaresA.add(squaresB)) + tail.squaredError(),
                folded(totalA.add(totalB)) + tail.levels(),
                folded(errorsA.add(errorsB)) + tail.errors(),
                folded(productsA.add(productsB)) + tail.errorLevels(),
                folded(levelsA.add(levelsB)) + tail.levelSquares());
    }
}
