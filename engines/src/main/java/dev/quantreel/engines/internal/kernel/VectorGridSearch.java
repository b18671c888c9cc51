package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// [GridSearchKernels] on the Vector API: one, two or four registers hold the sixteen partial sums. Rounding is done
/// with the magic constant because the API has no rounding operation, and products are not fused, so that the result
/// equals the scalar one bit for bit.
public final class VectorGridSearch implements GridSearchKernels {

    private static final VectorSpecies<Float> SPECIES = preferred();

    private static VectorSpecies<Float> preferred() {
        int lanes = FloatVector.SPECIES_PREFERRED.length();
        return lanes >= LANES
                ? FloatVector.SPECIES_512
                : lanes == 8 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }

    @Override
    public float squaredError(float[] row, int columns, float step, float low, float high) {
        float inverse = 1 / step;
        int whole = columns - columns % LANES;
        float[] sums = new float[LANES];
        // Independent accumulators per register; with 512 bits there is one, and the adds of two rounds overlap.
        for (int offset = 0; offset < LANES; offset += SPECIES.length()) {
            accumulate(row, whole, offset, step, inverse, low, high).intoArray(sums, offset);
        }
        float tail = 0;
        for (int i = whole; i < columns; i++) {
            tail += GridSearchKernels.squaredError(row[i], step, inverse, low, high);
        }
        return GridSearchKernels.total(sums, tail);
    }

    private static FloatVector accumulate(
            float[] row, int whole, int offset, float step, float inverse, float low, float high) {
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector lows = FloatVector.broadcast(SPECIES, low);
        FloatVector highs = FloatVector.broadcast(SPECIES, high);
        for (int i = offset; i < whole; i += LANES) {
            FloatVector weight = FloatVector.fromArray(SPECIES, row, i);
            FloatVector code = weight.mul(inverse).max(lows).min(highs);
            FloatVector rounded = code.add(ROUNDER).sub(ROUNDER);
            FloatVector error = weight.sub(rounded.mul(step));
            sum = sum.add(error.mul(error));
        }
        return sum;
    }
}
