package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;

/// Replaces the steps of the groups of a row by integer multiples of one step.
final class StepMultiples {

    /// The largest value of an 8-bit factor.
    private static final int LARGEST = 127;

    private StepMultiples() {}

    /// The unit is the largest step over the most multiples that the row's zero points leave room for; each group takes
    /// the multiple of its two neighbours that errs less, with the zero point of its lower end kept in place.
    static void of(float[] row, RowGrid grid) {
        int farthest = 1;
        float largestStep = 0;
        for (int g = 0; g < grid.groups(); g++) {
            farthest = Math.max(farthest, Math.max(grid.zeroPoint(g), grid.maxCode() - grid.zeroPoint(g)));
            largestStep = Math.max(largestStep, grid.step(g));
        }
        int most = LARGEST / farthest;
        float unit = Math.max(largestStep / most, Float.MIN_NORMAL);
        for (int g = 0; g < grid.groups(); g++) {
            choose(row, grid, g, unit, most);
        }
    }

    private static void choose(float[] row, RowGrid grid, int g, float unit, int most) {
        double wanted = grid.step(g) / unit;
        int zeroPoint = grid.zeroPoint(g);
        int below = Math.clamp((int) Math.floor(wanted), 1, most);
        int above = Math.clamp((int) Math.ceil(wanted), 1, most);
        grid.setMultiple(g, unit, below, zeroPoint);
        float errorBelow = error(row, grid, g);
        grid.setMultiple(g, unit, above, zeroPoint);
        if (below != above && errorBelow < error(row, grid, g)) {
            grid.setMultiple(g, unit, below, zeroPoint);
        }
    }

    private static float error(float[] row, RowGrid grid, int g) {
        int from = g * grid.groupSize();
        return GridSearchKernels.best().squaredError(row, from, from + grid.groupSize(), grid.uniform(g));
    }
}
