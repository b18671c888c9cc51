package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;

/// Finds the symmetric grid of one row, codes `-max..max` around 0: bounded shrinking, then least-squares refinement,
/// as [WeightQuantizer.Bgr] does with a free zero point. Not thread-safe: holds the row it works on.
final class SymmetricSearch {

    /// Candidates per unit of shrinking.
    private static final int STEPS = 100;

    /// The search ends when the range is shrunk to this many hundredths.
    private static final int SMALLEST = 20;

    /// Distance of two coarse candidates.
    private static final int STRIDE = 3;

    private static final int MAX_ROUNDS = 20;
    private static final double TOLERANCE = 1e-4;

    private final GridSearchKernels kernels;
    private final int max;
    private final float[] row;

    /// @param max largest code: 7 for 4 bits, 127 for 8
    SymmetricSearch(GridSearchKernels kernels, int max, float[] row) {
        this.kernels = kernels;
        this.max = max;
        this.row = row;
    }

    /// The grid over the largest absolute weight.
    Grid absmax() {
        float largest = 0;
        for (float weight : row) {
            largest = Math.max(largest, Math.abs(weight));
        }
        return largest == 0 ? grid(1) : grid(Math.max(largest / max, Float.MIN_NORMAL));
    }

    /// The grid of least squared error for the present content of the row.
    Grid find() {
        Grid widest = absmax();
        Grid best = widest;
        float bestError = error(widest);
        int bestStep = STEPS;
        for (int step = STEPS - STRIDE; step >= SMALLEST; step -= STRIDE) {
            Grid candidate = shrunk(widest, step);
            float error = error(candidate);
            if (error < bestError) {
                best = candidate;
                bestError = error;
                bestStep = step;
            }
        }
        for (int step = bestStep - STRIDE + 1; step < bestStep + STRIDE; step++) {
            Grid candidate = shrunk(widest, step);
            float error = error(candidate);
            if (error < bestError) {
                best = candidate;
                bestError = error;
            }
        }
        return refined(best, bestError);
    }

    private Grid refined(Grid start, float startError) {
        Grid best = start;
        float bestError = startError;
        Grid current = start;
        for (int round = 0; round < MAX_ROUNDS; round++) {
            float step = leastSquaresStep(current);
            if (!(step > 0)) {
                break;
            }
            current = grid(step);
            float error = error(current);
            boolean settled = bestError - error < TOLERANCE * bestError;
            if (error < bestError) {
                best = current;
                bestError = error;
            }
            if (settled) {
                break;
            }
        }
        return best;
    }

    private float leastSquaresStep(Grid grid) {
        double product = 0;
        double square = 0;
        float inverse = grid.inverse();
        for (float weight : row) {
            double level = grid.level(weight, inverse);
            product += level * weight;
            square += level * level;
        }
        return square == 0 ? 0 : (float) (product / square);
    }

    private Grid shrunk(Grid widest, int step) {
        return grid(Math.max(widest.step() * step / STEPS, Float.MIN_NORMAL));
    }

    private Grid grid(float step) {
        return new Grid(step, max, 2 * max);
    }

    private float error(Grid grid) {
        return kernels.squaredError(row, 0, row.length, grid.uniform());
    }
}
