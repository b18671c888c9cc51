package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// [GridSearchKernels] on the Vector API, two registers at a time. Rounding is done with the magic constant because the
/// API has no rounding operation.
public final class VectorGridSearch implements GridSearchKernels {

    private static final VectorSpecies<Float> SPECIES = preferred();

    private static VectorSpecies<Float> preferred() {
        int lanes = FloatVector.SPECIES_PREFERRED.length();
        return lanes >= 16 ? FloatVector.SPECIES_512 : lanes == 8 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }

    @Override
    public float squaredError(float[] row, int columns, float step, float low, float high) {
        float inverse = 1 / step;
        int whole = columns - columns % LANES;
        float[] sums = new float[LANES];
        for (int offset = 0; offset < LANES; offset += 2 * SPECIES.length()) {
            accumulate(row, whole, offset, new Interval(step, inverse, low, high), sums);
        }
        float tail = 0;
        for (int i = whole; i < columns; i++) {
            float error = GridSearchKernels.error(row[i], step, inverse, low, high);
            tail = Math.fma(error, error, tail);
        }
        return GridSearchKernels.total(sums, tail);
    }

    private record Interval(float step, float inverse, float low, float high) {}

    private static void accumulate(float[] row, int whole, int offset, Interval grid, float[] sums) {
        FloatVector first = FloatVector.zero(SPECIES);
        FloatVector second = FloatVector.zero(SPECIES);
        FloatVector lows = FloatVector.broadcast(SPECIES, grid.low);
        FloatVector highs = FloatVector.broadcast(SPECIES, grid.high);
        FloatVector steps = FloatVector.broadcast(SPECIES, -grid.step);
        FloatVector rounder = FloatVector.broadcast(SPECIES, ROUNDER);
        for (int i = offset; i < whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, row, i);
            FloatVector b = FloatVector.fromArray(SPECIES, row, i + SPECIES.length());
            FloatVector codeA = a.mul(grid.inverse).max(lows).min(highs);
            FloatVector codeB = b.mul(grid.inverse).max(lows).min(highs);
            FloatVector errorA = codeA.add(rounder).sub(rounder).fma(steps, a);
            FloatVector errorB = codeB.add(rounder).sub(rounder).fma(steps, b);
            first = errorA.fma(errorA, first);
            second = errorB.fma(errorB, second);
        }
        first.intoArray(sums, offset);
        second.intoArray(sums, offset + SPECIES.length());
    }
}
