package dev.quantreel.engines.internal.kernel;

import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER;
import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER_BITS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [RowKernels] on the Vector API.
public final class VectorRowKernels implements RowKernels {

    private static final VectorSpecies<Float> FLOATS = VectorGridSearch.FLOATS;
    private static final VectorSpecies<Integer> INTS = VectorGridSearch.INTS;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    private static final int SIGN = 0x8000_0000;

    private final ScalarRowKernels scalar = new ScalarRowKernels();

    @Override
    public Range range(float[] row, int from, int to) {
        int length = INTS.length();
        int whole = to - (to - from) % length;
        IntVector lows = IntVector.zero(INTS);
        IntVector highs = IntVector.zero(INTS);
        for (int i = from; i < whole; i += length) {
            IntVector bits = FloatVector.fromArray(FLOATS, row, i).reinterpretAsInts();
            highs = highs.max(bits);
            lows = lows.max(bits.lanewise(VectorOperators.XOR, SIGN));
        }
        int low = lows.reduceLanes(VectorOperators.MAX);
        return ScalarRowKernels.range(row, whole, to, low, highs.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public Moments moments(float[] row, int from, int to, float scale) {
        int whole = GridSearchKernels.whole(from, to);
        if (2 * FLOATS.length() == LANES) {
            return momentsInRegisters(row, from, to, scale);
        }
        ScalarRowKernels.Powers powers = new ScalarRowKernels.Powers();
        for (int lane = 0; lane < LANES; lane += FLOATS.length()) {
            FloatVector sums = FloatVector.zero(FLOATS);
            FloatVector squares = FloatVector.zero(FLOATS);
            FloatVector cubes = FloatVector.zero(FLOATS);
            FloatVector fourths = FloatVector.zero(FLOATS);
            for (int i = from + lane; i < whole; i += LANES) {
                FloatVector value = FloatVector.fromArray(FLOATS, row, i).mul(scale);
                FloatVector square = value.mul(value);
                sums = sums.add(value);
                squares = squares.add(square);
                cubes = square.fma(value, cubes);
                fourths = square.fma(square, fourths);
            }
            sums.intoArray(powers.sums, lane);
            squares.intoArray(powers.squares, lane);
            cubes.intoArray(powers.cubes, lane);
            fourths.intoArray(powers.fourths, lane);
        }
        return powers.total(row, whole, to, scale);
    }

    /// [#moments] where two registers hold all lanes.
    private static Moments momentsInRegisters(float[] row, int from, int to, float scale) {
        int whole = GridSearchKernels.whole(from, to);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector sumsA = zero;
        FloatVector sumsB = zero;
        FloatVector squaresA = zero;
        FloatVector squaresB = zero;
        FloatVector cubesA = zero;
        FloatVector cubesB = zero;
        FloatVector fourthsA = zero;
        FloatVector fourthsB = zero;
        for (int i = from; i < whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i).mul(scale);
            FloatVector b =
                    FloatVector.fromArray(FLOATS, row, i + FLOATS.length()).mul(scale);
            FloatVector squareA = a.mul(a);
            FloatVector squareB = b.mul(b);
            sumsA = sumsA.add(a);
            sumsB = sumsB.add(b);
            squaresA = squaresA.add(squareA);
            squaresB = squaresB.add(squareB);
            cubesA = squareA.fma(a, cubesA);
            cubesB = squareB.fma(b, cubesB);
            fourthsA = squareA.fma(squareA, fourthsA);
            fourthsB = squareB.fma(squareB, fourthsB);
        }
        Moments tail = ScalarRowKernels.tail(row, whole, to, scale);
        return new Moments(
                VectorGridSearch.folded(sumsA.add(sumsB)) + tail.sum(),
                VectorGridSearch.folded(squaresA.add(squaresB)) + tail.squares(),
                VectorGridSearch.folded(cubesA.add(cubesB)) + tail.cubes(),
                VectorGridSearch.folded(fourthsA.add(fourthsB)) + tail.fourths());
    }

    @Override
    public Errors errors(float[] row, int from, int to, UniformGrid grid, byte[] codes) {
        if (FLOATS.length() < 8) {
            return scalar.errors(row, from, to, grid, codes);
        }
        if (2 * FLOATS.length() == LANES) {
            return errorsInRegisters(row, from, to, grid, codes);
        }
        int whole = GridSearchKernels.whole(from, to);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        IntVector largest = IntVector.zero(INTS);
        int clipped = 0;
        float[] allSums = new float[LANES];
        float[] allSquares = new float[LANES];
        for (int lane = 0; lane < LANES; lane += FLOATS.length()) {
            FloatVector sums = FloatVector.zero(FLOATS);
            FloatVector squares = FloatVector.zero(FLOATS);
            for (int i = from + lane; i < whole; i += LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, row, i);
                IntVector bits = weight.fma(inverses, rounder).reinterpretAsInts();
                IntVector code = (IntVector)
                        ByteVector.fromArray(BYTES, codes, i).convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
                FloatVector level = code.add(lows).reinterpretAsFloats().sub(rounder);
                FloatVector error = level.fma(steps, weight);
                sums = sums.add(error);
                squares = error.fma(error, squares);
                largest = largest.max(error.reinterpretAsInts().and(Integer.MAX_VALUE));
                clipped += bits.compare(VectorOperators.NE, bits.max(lows).min(highs))
                        .trueCount();
            }
            sums.intoArray(allSums, lane);
            squares.intoArray(allSquares, lane);
        }
        Errors tail = ScalarRowKernels.tail(row, whole, to, grid, codes);
        return new Errors(
                GridSearchKernels.total(allSums, tail.sum()),
                GridSearchKernels.total(allSquares, tail.squares()),
                Math.max(Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX)), tail.largest()),
                clipped + tail.clipped());
    }

    /// [#errors] where two registers hold all lanes.
    private static Errors errorsInRegisters(float[] row, int from, int to, UniformGrid grid, byte[] codes) {
        int length = FLOATS.length();
        int whole = GridSearchKernels.whole(from, to);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        FloatVector steps = FloatVector.broadcast(FLOATS, -grid.step());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        IntVector largest = IntVector.zero(INTS);
        FloatVector sumsA = FloatVector.zero(FLOATS);
        FloatVector sumsB = sumsA;
        FloatVector squaresA = sumsA;
        FloatVector squaresB = sumsA;
        int clipped = 0;
        for (int i = from; i < whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i);
            FloatVector b = FloatVector.fromArray(FLOATS, row, i + length);
            IntVector bitsA = a.fma(inverses, rounder).reinterpretAsInts();
            IntVector bitsB = b.fma(inverses, rounder).reinterpretAsInts();
            IntVector codeA = (IntVector)
                    ByteVector.fromArray(BYTES, codes, i).convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
            IntVector codeB = (IntVector) ByteVector.fromArray(BYTES, codes, i + length)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
            FloatVector errorA =
                    codeA.add(lows).reinterpretAsFloats().sub(rounder).fma(steps, a);
            FloatVector errorB =
                    codeB.add(lows).reinterpretAsFloats().sub(rounder).fma(steps, b);
            sumsA = sumsA.add(errorA);
            sumsB = sumsB.add(errorB);
            squaresA = errorA.fma(errorA, squaresA);
            squaresB = errorB.fma(errorB, squaresB);
            largest = largest.max(errorA.reinterpretAsInts().and(Integer.MAX_VALUE))
                    .max(errorB.reinterpretAsInts().and(Integer.MAX_VALUE));
            clipped += bitsA.compare(VectorOperators.NE, bitsA.max(lows).min(highs))
                            .trueCount()
                    + bitsB.compare(VectorOperators.NE, bitsB.max(lows).min(highs))
                            .trueCount();
        }
        Errors tail = ScalarRowKernels.tail(row, whole, to, grid, codes);
        return new Errors(
                VectorGridSearch.folded(sumsA.add(sumsB)) + tail.sum(),
                VectorGridSearch.folded(squaresA.add(squaresB)) + tail.squares(),
                Math.max(Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX)), tail.largest()),
                clipped + tail.clipped());
    }

    @Override
    public void codes(float[] row, int from, int to, UniformGrid grid, byte[] into) {
        int length = FLOATS.length();
        int whole = length < 8 ? from : to - (to - from) % length;
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.broadcast(FLOATS, grid.inverse());
        IntVector lows = IntVector.broadcast(INTS, ROUNDER_BITS + grid.low());
        IntVector highs = IntVector.broadcast(INTS, ROUNDER_BITS + grid.high());
        for (int i = from; i < whole; i += length) {
            FloatVector weight = FloatVector.fromArray(FLOATS, row, i);
            IntVector bits = weight.fma(inverses, rounder).reinterpretAsInts();
            IntVector codes = bits.max(lows).min(highs).sub(lows);
            ((ByteVector) codes.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(into, i);
        }
        scalar.codes(row, whole, to, grid, into);
    }
}
