package dev.quantreel.engines.internal.kernel;

/// Grids that are tried on a run of weights at once, each in a lane of its own, by [GridBatchKernels]. Not thread-safe.
///
/// What is done here for every grid are plain loops, which the compiler turns into vectors by itself.
public final class GridBatch {

    /// Grids in a batch.
    public static final int SIZE = 32;

    final int maxCode;
    final float[] steps = new float[SIZE];
    final int[] zeroPoints = new int[SIZE];
    final float[] errors = new float[SIZE];

    /// What kernels read: `1 / step` and its negative, `-step`, and the ends of the codes as
    /// [UniformGrid#ROUNDER] holds them.
    final float[] inverses = new float[SIZE];

    final float[] negativeSteps = new float[SIZE];
    final int[] lows = new int[SIZE];
    final int[] highs = new int[SIZE];

    /// Room for kernels.
    float[] scratch = {};

    /// What kernels put out beside the errors: `Σeq` and `Σq²`.
    final float[] products = new float[SIZE];

    final float[] levels = new float[SIZE];

    /// @param maxCode `2^bits - 1` of all grids
    public GridBatch(int maxCode) {
        this.maxCode = maxCode;
    }

    /// Two numbers for every grid of a batch.
    public static final class Pairs {
        final float[] first;
        final float[] second;
        final int[] shifts = new int[SIZE];

        /// @param first for each grid; the last one is repeated to fill a batch
        /// @param second as many
        public Pairs(float[] first, float[] second) {
            if (first.length != second.length || first.length < 1 || first.length > SIZE) {
                throw new IllegalArgumentException(
                        "a batch has 1 to " + SIZE + " pairs, not " + first.length + " and " + second.length);
            }
            this.first = filled(first);
            this.second = filled(second);
            for (int i = 0; i < SIZE; i++) {
                shifts[i] = (int) this.second[i];
            }
        }

        private static float[] filled(float[] values) {
            float[] all = new float[SIZE];
            for (int i = 0; i < all.length; i++) {
                all[i] = values[Math.min(i, values.length - 1)];
            }
            return all;
        }
    }

    /// Becomes grids between shrunk bounds.
    ///
    /// @param low smallest weight, or 0
    /// @param high largest weight, or 0; above `low`
    /// @param ratios by how much each grid shrinks them
    public void between(float low, float high, Pairs ratios) {
        for (int i = 0; i < SIZE; i++) {
            float lower = low * ratios.first[i];
            float upper = high * ratios.second[i];
            float step = Math.max((upper - lower) / maxCode, Float.MIN_NORMAL);
            steps[i] = step;
            int zeroPoint = Float.floatToRawIntBits(-lower / step + UniformGrid.ROUNDER) - UniformGrid.ROUNDER_BITS;
            zeroPoints[i] = Math.min(Math.max(zeroPoint, 0), maxCode);
        }
        prepare();
    }

    /// Becomes grids around one.
    ///
    /// @param factors of the step, and what is added to the zero point; beyond the codes it is the end of them
    public void around(float step, int zeroPoint, Pairs factors) {
        for (int i = 0; i < SIZE; i++) {
            steps[i] = Math.max(step * factors.first[i], Float.MIN_NORMAL);
            zeroPoints[i] = Math.min(Math.max(zeroPoint + factors.shifts[i], 0), maxCode);
        }
        prepare();
    }

    private void prepare() {
        for (int i = 0; i < SIZE; i++) {
            inverses[i] = 1 / steps[i];
            negativeSteps[i] = -steps[i];
            lows[i] = UniformGrid.ROUNDER_BITS - zeroPoints[i];
            highs[i] = UniformGrid.ROUNDER_BITS - zeroPoints[i] + maxCode;
        }
    }

    /// Moves every step, after a search that solves, to where it suits the codes found best, `step + Σeq /
    /// Σq²`, which takes `(Σeq)² / Σq²` off the error.
    public void solve() {
        for (int i = 0; i < SIZE; i++) {
            float change = products[i] / Math.max(levels[i], 1);
            steps[i] += change;
            errors[i] = Math.max(errors[i] - change * products[i], 0);
        }
    }

    /// Index of the grid of the smallest error, the first of several.
    public int least() {
        int bits = Integer.MAX_VALUE;
        for (int i = 0; i < SIZE; i++) { // floats that are not negative are ordered as their bits
            bits = Math.min(bits, Float.floatToRawIntBits(errors[i]));
        }
        int index = 0;
        while (Float.floatToRawIntBits(errors[index]) != bits) {
            index++;
        }
        return index;
    }

    /// The step of a grid.
    public float step(int index) {
        return steps[index];
    }

    /// The zero point of a grid, 0 to the largest code.
    public int zeroPoint(int index) {
        return zeroPoints[index];
    }

    /// What was found for a grid.
    public float error(int index) {
        return errors[index];
    }

    /// A grid by itself.
    UniformGrid grid(int index) {
        return new UniformGrid(steps[index], -zeroPoints[index], maxCode - zeroPoints[index]);
    }
}
