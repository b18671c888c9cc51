package dev.quantreel.engines.internal.kernel;

import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// [GridBatchKernels] on the Vector API: a weight is spread over the lanes, two registers of grids at a time. No sum is
/// folded.
public final class VectorGridBatch implements GridBatchKernels {

    private static final VectorSpecies<Float> FLOATS = VectorGridSearch.FLOATS;
    private static final VectorSpecies<Integer> INTS = VectorGridSearch.INTS;
    private static final int LENGTH = FLOATS.length();

    @Override
    public void squaredErrors(float[] row, int from, int to, GridBatch batch) {
        for (int lane = 0; lane < GridBatch.SIZE; lane += 2 * LENGTH) {
            squaredErrors(row, from, to, batch, lane);
        }
    }

    private static void squaredErrors(float[] row, int from, int to, GridBatch batch, int lane) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inversesA = FloatVector.fromArray(FLOATS, batch.inverses, lane);
        FloatVector inversesB = FloatVector.fromArray(FLOATS, batch.inverses, lane + LENGTH);
        FloatVector stepsA = FloatVector.fromArray(FLOATS, batch.negativeSteps, lane);
        FloatVector stepsB = FloatVector.fromArray(FLOATS, batch.negativeSteps, lane + LENGTH);
        IntVector lowsA = IntVector.fromArray(INTS, batch.lows, lane);
        IntVector lowsB = IntVector.fromArray(INTS, batch.lows, lane + LENGTH);
        IntVector highsA = IntVector.fromArray(INTS, batch.highs, lane);
        IntVector highsB = IntVector.fromArray(INTS, batch.highs, lane + LENGTH);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector squaresA = zero;
        FloatVector squaresB = zero;
        for (int start = from; start < to; start += PIECE) {
            int end = Math.min(to, start + PIECE);
            FloatVector sumA = zero;
            FloatVector sumB = zero;
            for (int column = start; column < end; column++) {
                FloatVector weight = FloatVector.broadcast(FLOATS, row[column]);
                IntVector bitsA = weight.fma(inversesA, rounder).reinterpretAsInts();
                IntVector bitsB = weight.fma(inversesB, rounder).reinterpretAsInts();
                FloatVector levelA =
                        bitsA.max(lowsA).min(highsA).reinterpretAsFloats().sub(rounder);
                FloatVector levelB =
                        bitsB.max(lowsB).min(highsB).reinterpretAsFloats().sub(rounder);
                FloatVector errorA = levelA.fma(stepsA, weight);
                FloatVector errorB = levelB.fma(stepsB, weight);
                sumA = errorA.fma(errorA, sumA);
                sumB = errorB.fma(errorB, sumB);
            }
            squaresA = squaresA.add(sumA);
            squaresB = squaresB.add(sumB);
        }
        squaresA.intoArray(batch.errors, lane);
        squaresB.intoArray(batch.errors, lane + LENGTH);
    }

    @Override
    public void fits(float[] row, int from, int to, GridBatch batch) {
        for (int lane = 0; lane < GridBatch.SIZE; lane += 2 * LENGTH) {
            fits(row, from, to, batch, lane);
        }
    }

    private static void fits(float[] row, int from, int to, GridBatch batch, int lane) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inversesA = FloatVector.fromArray(FLOATS, batch.inverses, lane);
        FloatVector inversesB = FloatVector.fromArray(FLOATS, batch.inverses, lane + LENGTH);
        FloatVector stepsA = FloatVector.fromArray(FLOATS, batch.negativeSteps, lane);
        FloatVector stepsB = FloatVector.fromArray(FLOATS, batch.negativeSteps, lane + LENGTH);
        IntVector lowsA = IntVector.fromArray(INTS, batch.lows, lane);
        IntVector lowsB = IntVector.fromArray(INTS, batch.lows, lane + LENGTH);
        IntVector highsA = IntVector.fromArray(INTS, batch.highs, lane);
        IntVector highsB = IntVector.fromArray(INTS, batch.highs, lane + LENGTH);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector squaresA = zero;
        FloatVector squaresB = zero;
        FloatVector productsA = zero;
        FloatVector productsB = zero;
        FloatVector levelsA = zero;
        FloatVector levelsB = zero;
        for (int column = from; column < to; column++) {
            FloatVector weight = FloatVector.broadcast(FLOATS, row[column]);
            IntVector bitsA = weight.fma(inversesA, rounder).reinterpretAsInts();
            IntVector bitsB = weight.fma(inversesB, rounder).reinterpretAsInts();
            FloatVector levelA =
                    bitsA.max(lowsA).min(highsA).reinterpretAsFloats().sub(rounder);
            FloatVector levelB =
                    bitsB.max(lowsB).min(highsB).reinterpretAsFloats().sub(rounder);
            FloatVector errorA = levelA.fma(stepsA, weight);
            FloatVector errorB = levelB.fma(stepsB, weight);
            squaresA = errorA.fma(errorA, squaresA);
            squaresB = errorB.fma(errorB, squaresB);
            productsA = errorA.fma(levelA, productsA);
            productsB = errorB.fma(levelB, productsB);
            levelsA = levelA.fma(levelA, levelsA);
            levelsB = levelB.fma(levelB, levelsB);
        }
        squaresA.intoArray(batch.errors, lane);
        squaresB.intoArray(batch.errors, lane + LENGTH);
        productsA.intoArray(batch.products, lane);
        productsB.intoArray(batch.products, lane + LENGTH);
        levelsA.intoArray(batch.levels, lane);
        levelsB.intoArray(batch.levels, lane + LENGTH);
    }

    /// Plain loops around those of vectors, see [VectorPowers].
    @Override
    public void powers(float[] row, int from, int to, Norm norm, GridBatch batch) {
        if (batch.scratch.length < PIECE * LENGTH) {
            batch.scratch = new float[PIECE * LENGTH];
        }
        float[] distances = batch.scratch;
        float[] units = new float[GridBatch.SIZE];
        for (int i = 0; i < GridBatch.SIZE; i++) {
            batch.errors[i] = 0;
            units[i] = batch.steps[i] / norm.unit();
        }
        for (int lane = 0; lane < GridBatch.SIZE; lane += LENGTH) {
            for (int start = from; start < to; start += PIECE) {
                int end = Math.min(to, start + PIECE);
                distances(row, new Columns(start, end), batch, lane, distances);
                VectorPowers.each(distances, (end - start) * LENGTH, norm.exponent());
                addSum(distances, (end - start) * LENGTH, batch.errors, lane);
            }
        }
        VectorPowers.each(units, GridBatch.SIZE, norm.exponent());
        for (int i = 0; i < GridBatch.SIZE; i++) {
            batch.errors[i] *= units[i];
        }
    }

    private record Columns(int from, int to) {}

    /// How far weights are from a code, in steps; those of a weight together.
    private static void distances(float[] row, Columns columns, GridBatch batch, int lane, float[] into) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector inverses = FloatVector.fromArray(FLOATS, batch.inverses, lane);
        FloatVector negatives = FloatVector.broadcast(FLOATS, 0).sub(inverses);
        IntVector lows = IntVector.fromArray(INTS, batch.lows, lane);
        IntVector highs = IntVector.fromArray(INTS, batch.highs, lane);
        int place = 0;
        for (int column = columns.from; column < columns.to; column++) {
            FloatVector weight = FloatVector.broadcast(FLOATS, row[column]);
            IntVector bits = weight.fma(inverses, rounder).reinterpretAsInts();
            FloatVector level = bits.max(lows).min(highs).reinterpretAsFloats().sub(rounder);
            weight.fma(negatives, level)
                    .reinterpretAsInts()
                    .and(Integer.MAX_VALUE)
                    .reinterpretAsFloats()
                    .intoArray(into, place);
            place += LENGTH;
        }
    }

    private static void addSum(float[] values, int count, float[] sums, int lane) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += LENGTH) {
            sum = sum.add(FloatVector.fromArray(FLOATS, values, i));
        }
        sum.add(FloatVector.fromArray(FLOATS, sums, lane)).intoArray(sums, lane);
    }
}
