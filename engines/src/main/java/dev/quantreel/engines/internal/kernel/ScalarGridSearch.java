package dev.quantreel.engines.internal.kernel;

/// The specification of [GridSearchKernels].
public final class ScalarGridSearch implements GridSearchKernels {

    @Override
    public float squaredError(float[] row, int columns, float step, float low, float high) {
        float inverse = 1 / step;
        float[] sums = new float[LANES];
        int whole = columns - columns % LANES;
        for (int i = 0; i < whole; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                float error = GridSearchKernels.error(row[i + lane], step, inverse, low, high);
                sums[lane] = Math.fma(error, error, sums[lane]);
            }
        }
        float tail = 0;
        for (int i = whole; i < columns; i++) {
            float error = GridSearchKernels.error(row[i], step, inverse, low, high);
            tail = Math.fma(error, error, tail);
        }
        return GridSearchKernels.total(sums, tail);
    }
}
