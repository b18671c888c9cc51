package dev.quantreel.engines.internal.kernel;

import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER;
import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER_BITS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [LevelKernels] on the Vector API.
public final class VectorLevels implements LevelKernels {

    private static final VectorSpecies<Float> FLOATS = VectorGridSearch.FLOATS;
    private static final VectorSpecies<Integer> INTS = VectorGridSearch.INTS;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    private static final int LENGTH = FLOATS.length();
    private static final int SIGN = 0x8000_0000;

    private final ScalarLevels scalar = new ScalarLevels();

    /// A register of codes has as many bytes as one of weights has floats.
    private static boolean bytesFit() {
        return LENGTH >= 8;
    }

    /// Codes as [UniformGrid#ROUNDER] holds them.
    private static IntVector rounded(FloatVector weight, FractionalGrid grid, float inverse) {
        return weight.mul(inverse)
                .add(grid.zero())
                .add(ROUNDER)
                .reinterpretAsInts()
                .max(ROUNDER_BITS)
                .min(ROUNDER_BITS + grid.maxCode());
    }

    @Override
    public void codes(float[] row, int from, int to, FractionalGrid grid, byte[] into) {
        int whole = bytesFit() ? to - (to - from) % LENGTH : from;
        float inverse = grid.inverse();
        for (int i = from; i < whole; i += LENGTH) {
            IntVector codes = rounded(FloatVector.fromArray(FLOATS, row, i), grid, inverse)
                    .sub(ROUNDER_BITS);
            ((ByteVector) codes.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(into, i);
        }
        scalar.codes(row, whole, to, grid, into);
    }

    @Override
    public void codes(float[] row, int from, int to, Table table, byte[] into) {
        int whole = bytesFit() ? to - (to - from) % LENGTH : from;
        float[] boundaries = table.boundaries().values;
        for (int i = from; i < whole; i += LENGTH) {
            FloatVector doubled =
                    FloatVector.fromArray(FLOATS, row, i).mul(table.inverse()).mul(2);
            IntVector codes = IntVector.zero(INTS);
            for (float boundary : boundaries) {
                codes = codes.add(
                        1, doubled.compare(VectorOperators.GT, boundary).cast(INTS));
            }
            ((ByteVector) codes.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(into, i);
        }
        scalar.codes(row, whole, to, table, into);
    }

    @Override
    public RowKernels.Errors errors(float[] row, int from, int to, FractionalGrid grid, byte[] codes) {
        if (!bytesFit()) {
            return scalar.errors(row, from, to, grid, codes);
        }
        int whole = GridSearchKernels.whole(from, to);
        ScalarLevels.ErrorSums sums = new ScalarLevels.ErrorSums(grid);
        float below = ScalarLevels.below(grid);
        float above = ScalarLevels.above(grid);
        IntVector largest = IntVector.zero(INTS);
        for (int lane = 0; lane < LANES; lane += LENGTH) {
            FloatVector total = FloatVector.zero(FLOATS);
            FloatVector squares = FloatVector.zero(FLOATS);
            for (int i = from + lane; i < whole; i += LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, row, i);
                IntVector code = (IntVector)
                        ByteVector.fromArray(BYTES, codes, i).convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
                FloatVector level = code.add(ROUNDER_BITS).reinterpretAsFloats().sub(ROUNDER);
                FloatVector error = weight.sub(level.sub(grid.zero()).mul(grid.step()));
                total = total.add(error);
                squares = error.fma(error, squares);
                largest = largest.max(error.reinterpretAsInts().and(Integer.MAX_VALUE));
                sums.clipped += weight.lt(below)
                        .or(weight.compare(VectorOperators.GT, above))
                        .trueCount();
            }
            total.intoArray(sums.sums, lane);
            squares.intoArray(sums.squares, lane);
        }
        sums.largest = Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
        return sums.total(row, whole, to, codes);
    }

    @Override
    public Turn turn(float[] row, int from, int to, FractionalGrid grid, Shrinkage shrinkage) {
        int whole = GridSearchKernels.whole(from, to);
        float[] powers = new float[whole - from];
        float[] magnitudes = new float[LANES];
        float[] zeros = new float[LANES];
        magnitudes(row, from, grid, powers, magnitudes);
        VectorPowers.each(powers, powers.length, shrinkage.exponent());
        zeros(row, from, grid, new Shrunk(powers, -1 / shrinkage.beta()), zeros);
        Turn tail = ScalarLevels.tail(row, whole, to, grid, shrinkage);
        return new Turn(
                GridSearchKernels.total(magnitudes, tail.magnitudes()), GridSearchKernels.total(zeros, tail.zeros()));
    }

    private static void magnitudes(float[] row, int from, FractionalGrid grid, float[] into, float[] sums) {
        float inverse = grid.inverse();
        for (int lane = 0; lane < LANES; lane += LENGTH) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = lane; i < into.length; i += LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, row, from + i);
                FloatVector level =
                        rounded(weight, grid, inverse).reinterpretAsFloats().sub(ROUNDER);
                FloatVector magnitude =
                        weight.sub(level.sub(grid.zero()).mul(grid.step())).abs();
                sum = sum.add(magnitude);
                magnitude.intoArray(into, i);
            }
            sum.intoArray(sums, lane);
        }
    }

    /// @param powers of the magnitudes
    /// @param share of them that is added
    private record Shrunk(float[] powers, float share) {}

    private static void zeros(float[] row, int from, FractionalGrid grid, Shrunk shrunk, float[] sums) {
        float inverse = grid.inverse();
        FloatVector inverses = FloatVector.broadcast(FLOATS, inverse);
        FloatVector share = FloatVector.broadcast(FLOATS, shrunk.share);
        for (int lane = 0; lane < LANES; lane += LENGTH) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = lane; i < shrunk.powers.length; i += LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, row, from + i);
                FloatVector level =
                        rounded(weight, grid, inverse).reinterpretAsFloats().sub(ROUNDER);
                FloatVector error = weight.sub(level.sub(grid.zero()).mul(grid.step()));
                FloatVector left =
                        FloatVector.fromArray(FLOATS, shrunk.powers, i).fma(share, error.abs());
                IntVector sign = error.reinterpretAsInts().and(SIGN);
                FloatVector kept = left.reinterpretAsInts().max(0).or(sign).reinterpretAsFloats();
                sum = sum.add(kept.sub(weight).fma(inverses, level));
            }
            sum.intoArray(sums, lane);
        }
    }
}
