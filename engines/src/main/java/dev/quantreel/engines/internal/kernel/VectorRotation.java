package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// [RotationKernels] on the Vector API: the stages within a register by exchanging lanes, the others two at a time over
/// four registers. Runs shorter than a register take the scalar loop.
public final class VectorRotation implements RotationKernels {

    private static final VectorSpecies<Float> FLOATS = VectorGridSearch.FLOATS;
    private static final int LENGTH = FLOATS.length();
    private static final VectorShuffle<Float> BY_ONE = VectorGridSearch.exchange(1);
    private static final VectorShuffle<Float> BY_TWO = VectorGridSearch.exchange(2);
    private static final VectorShuffle<Float> BY_FOUR = VectorGridSearch.exchange(4);
    private static final VectorShuffle<Float> BY_EIGHT = VectorGridSearch.exchange(8);
    private static final FloatVector SIGN_ONE = signs(1);
    private static final FloatVector SIGN_TWO = signs(2);
    private static final FloatVector SIGN_FOUR = signs(4);
    private static final FloatVector SIGN_EIGHT = signs(8);

    private final ScalarRotation scalar = new ScalarRotation();

    /// The sign that the upper lane of a pair has in the difference of both.
    private static FloatVector signs(int distance) {
        float[] signs = new float[LENGTH];
        for (int lane = 0; lane < LENGTH; lane++) {
            signs[lane] = (lane & distance) == 0 ? 1 : -1;
        }
        return FloatVector.fromArray(FLOATS, signs, 0);
    }

    @Override
    public void scaleThenTransform(float[] row, int run, float[] factors) {
        if (run < LENGTH) {
            scalar.scaleThenTransform(row, run, factors);
            return;
        }
        for (int i = 0; i < factors.length; i += LENGTH) {
            FloatVector value = FloatVector.fromArray(FLOATS, row, i).mul(FloatVector.fromArray(FLOATS, factors, i));
            within(value).intoArray(row, i);
        }
        across(row, factors.length, run);
    }

    @Override
    public void transformThenScale(float[] row, int run, float[] factors) {
        if (run < LENGTH) {
            scalar.transformThenScale(row, run, factors);
            return;
        }
        for (int i = 0; i < factors.length; i += LENGTH) {
            within(FloatVector.fromArray(FLOATS, row, i)).intoArray(row, i);
        }
        across(row, factors.length, run);
        for (int i = 0; i < factors.length; i += LENGTH) {
            FloatVector.fromArray(FLOATS, row, i)
                    .mul(FloatVector.fromArray(FLOATS, factors, i))
                    .intoArray(row, i);
        }
    }

    private static FloatVector within(FloatVector value) {
        FloatVector one = value.fma(SIGN_ONE, value.rearrange(BY_ONE));
        FloatVector two = one.fma(SIGN_TWO, one.rearrange(BY_TWO));
        FloatVector four = LENGTH > 4 ? two.fma(SIGN_FOUR, two.rearrange(BY_FOUR)) : two;
        return LENGTH > 8 ? four.fma(SIGN_EIGHT, four.rearrange(BY_EIGHT)) : four;
    }

    private static void across(float[] row, int length, int run) {
        int half = LENGTH;
        for (; 2 * half < run; half *= 4) {
            for (int start = 0; start < length; start += 4 * half) {
                twoStages(row, start, half);
            }
        }
        if (half < run) {
            for (int start = 0; start < length; start += 2 * half) {
                oneStage(row, start, half);
            }
        }
    }

    private static void twoStages(float[] row, int start, int half) {
        for (int i = start; i < start + half; i += LENGTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i);
            FloatVector b = FloatVector.fromArray(FLOATS, row, i + half);
            FloatVector c = FloatVector.fromArray(FLOATS, row, i + 2 * half);
            FloatVector d = FloatVector.fromArray(FLOATS, row, i + 3 * half);
            FloatVector sum = a.add(b);
            FloatVector difference = a.sub(b);
            FloatVector upperSum = c.add(d);
            FloatVector upperDifference = c.sub(d);
            sum.add(upperSum).intoArray(row, i);
            difference.add(upperDifference).intoArray(row, i + half);
            sum.sub(upperSum).intoArray(row, i + 2 * half);
            difference.sub(upperDifference).intoArray(row, i + 3 * half);
        }
    }

    private static void oneStage(float[] row, int start, int half) {
        for (int i = start; i < start + half; i += LENGTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, row, i);
            FloatVector b = FloatVector.fromArray(FLOATS, row, i + half);
            a.add(b).intoArray(row, i);
            a.sub(b).intoArray(row, i + half);
        }
    }
}
