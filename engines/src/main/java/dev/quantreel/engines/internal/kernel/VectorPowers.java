package dev.quantreel.engines.internal.kernel;

import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER;
import static dev.quantreel.engines.internal.kernel.UniformGrid.ROUNDER_BITS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [Powers] of arrays. A loop of its own, and in one method, which is too large to be inlined: the compiler stops
/// inlining at so many operations, and the vectors of what is left over go through the heap.
final class VectorPowers {

    private static final VectorSpecies<Float> FLOATS = VectorGridSearch.FLOATS;

    private VectorPowers() {}

    /// Replaces the first values by their powers.
    ///
    /// @param values 0 or more, finite
    /// @param count a multiple of the lanes
    /// @param p exponent
    static void each(float[] values, int count, float p) {
        FloatVector exponent = FloatVector.broadcast(FLOATS, p);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector one = FloatVector.broadcast(FLOATS, 1);
        FloatVector l0 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[0]);
        FloatVector l1 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[1]);
        FloatVector l2 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[2]);
        FloatVector l3 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[3]);
        FloatVector l4 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[4]);
        FloatVector l5 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[5]);
        FloatVector l6 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[6]);
        FloatVector l7 = FloatVector.broadcast(FLOATS, Powers.LOGARITHM[7]);
        FloatVector p0 = FloatVector.broadcast(FLOATS, Powers.POWER[0]);
        FloatVector p1 = FloatVector.broadcast(FLOATS, Powers.POWER[1]);
        FloatVector p2 = FloatVector.broadcast(FLOATS, Powers.POWER[2]);
        FloatVector p3 = FloatVector.broadcast(FLOATS, Powers.POWER[3]);
        FloatVector p4 = FloatVector.broadcast(FLOATS, Powers.POWER[4]);
        for (int i = 0; i < count; i += FLOATS.length()) {
            IntVector shifted =
                    FloatVector.fromArray(FLOATS, values, i).reinterpretAsInts().sub(Powers.ROOT_BITS);
            FloatVector t = shifted.and(Powers.MANTISSA)
                    .add(Powers.ROOT_BITS)
                    .reinterpretAsFloats()
                    .sub(one);
            FloatVector logarithm = l7.fma(t, l6)
                    .fma(t, l5)
                    .fma(t, l4)
                    .fma(t, l3)
                    .fma(t, l2)
                    .fma(t, l1)
                    .fma(t, l0);
            FloatVector whole = shifted.lanewise(VectorOperators.ASHR, 23)
                    .add(ROUNDER_BITS)
                    .reinterpretAsFloats()
                    .sub(rounder);
            FloatVector scaled = logarithm.fma(t, whole).mul(exponent);
            FloatVector rounded = scaled.add(rounder);
            FloatVector fraction = scaled.sub(rounded.sub(rounder));
            FloatVector power = p4.fma(fraction, p3)
                    .fma(fraction, p2)
                    .fma(fraction, p1)
                    .fma(fraction, p0)
                    .fma(fraction, one);
            rounded.reinterpretAsInts()
                    .max(ROUNDER_BITS + Powers.LEAST)
                    .min(ROUNDER_BITS + Powers.MOST)
                    .sub(ROUNDER_BITS)
                    .lanewise(VectorOperators.LSHL, 23)
                    .add(power.reinterpretAsInts())
                    .reinterpretAsFloats()
                    .intoArray(values, i);
        }
    }
}
