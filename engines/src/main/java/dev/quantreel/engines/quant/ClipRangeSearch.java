package dev.quantreel.engines.quant;

/// The clip search of [WeightQuantizer.ClipSearch] on one run of weights. Not thread-safe.
final class ClipRangeSearch {

    /// Ends are shrunk in hundredths, this many times at most.
    private static final int CANDIDATES = 80;

    /// Entries of the table of powers of half a step.
    private static final int ENTRIES = 4096;

    private final double norm;
    private final int maxCode;
    /// `(i / (2 * ENTRIES))^norm`, and one entry more.
    private final float[] powers;

    ClipRangeSearch(double norm, int bits) {
        this.norm = norm;
        this.maxCode = (1 << bits) - 1;
        this.powers = new float[norm == 2 ? 0 : ENTRIES + 2];
        for (int i = 0; i < powers.length; i++) {
            powers[i] = (float) Math.pow(0.5 * i / ENTRIES, norm);
        }
    }

    Grid find(float[] weights) {
        float low = 0;
        float high = 0;
        for (float weight : weights) {
            low = Math.min(low, weight);
            high = Math.max(high, weight);
        }
        Grid best = Grid.over(low, high, maxCode);
        double least = error(weights, best);
        for (int i = 1; i < CANDIDATES; i++) {
            float p = 1 - i / 100f;
            Grid grid = Grid.over(p * low, p * high, maxCode);
            double error = error(weights, grid);
            if (error < least) {
                least = error;
                best = grid;
            }
        }
        return best;
    }

    /// `Σ|e|^norm`.
    private double error(float[] weights, Grid grid) {
        float inverse = grid.inverse();
        double sum = 0;
        for (float weight : weights) {
            float distance = Math.abs(weight * inverse - grid.level(weight, inverse));
            sum += powers.length == 0 ? distance * distance : power(distance);
        }
        return sum * Math.pow(grid.step(), norm);
    }

    /// `distance^norm`; within half a step by a table, which errs by less than 1e-7.
    private double power(float distance) {
        float place = distance * (2 * ENTRIES);
        int index = (int) place;
        if (index >= ENTRIES) {
            return Math.pow(distance, norm);
        }
        return powers[index] + (place - index) * (powers[index + 1] - powers[index]);
    }
}
