package dev.quantreel.engines.internal.kernel;

/// The specification of [RotationKernels].
public final class ScalarRotation implements RotationKernels {

    @Override
    public void scaleThenTransform(float[] row, int run, float[] factors) {
        scale(row, factors);
        stages(row, factors.length, 1, run);
    }

    @Override
    public void transformThenScale(float[] row, int run, float[] factors) {
        stages(row, factors.length, 1, run);
        scale(row, factors);
    }

    private static void scale(float[] row, float[] factors) {
        for (int i = 0; i < factors.length; i++) {
            row[i] *= factors[i];
        }
    }

    /// The stages that add values `first`, `2 * first` ... `run / 2` apart.
    private static void stages(float[] row, int length, int first, int run) {
        for (int half = first; half < run; half *= 2) {
            for (int start = 0; start < length; start += 2 * half) {
                for (int i = start; i < start + half; i++) {
                    float a = row[i];
                    float b = row[i + half];
                    row[i] = a + b;
                    row[i + half] = a - b;
                }
            }
        }
    }
}
