package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;

/// Finds the grid of one row. Not thread-safe: holds the row it works on.
final class GridSearch {

    /// Candidates of the coarse search per unit of shrinking.
    private static final int STEPS = 100;

    /// The coarse search ends when both bounds are shrunk to this many hundredths.
    private static final int SMALLEST = 20;

    /// The searches of one bound alone end here; the fine pass stays above 0.
    private static final int SMALLEST_ALONE = 8;

    /// Step of the searches of one bound alone; the fine pass covers what lies between.
    private static final int STRIDE = 4;

    /// Steps of the fine pass to each side of the best coarse candidate.
    private static final int FINE = 3;

    private final GridSearchKernels kernels;
    private final int maxCode;
    private final int columns;
    private final float[] row;
    private float low;
    private float high;

    GridSearch(GridSearchKernels kernels, int bits, float[] row, int columns) {
        this.kernels = kernels;
        this.maxCode = (1 << bits) - 1;
        this.row = row;
        this.columns = columns;
    }

    /// The grid for the present content of the row.
    Grid find(WeightQuantizer quantizer) {
        measureRange();
        return switch (quantizer) {
            case WeightQuantizer.MinMax _ -> Grid.over(low, high, maxCode);
            case WeightQuantizer.Pbq() -> bounded();
            case WeightQuantizer.Bgr(int maxIterations, double tolerance) ->
                refined(bounded(), maxIterations, tolerance);
        };
    }

    float low() {
        return low;
    }

    float high() {
        return high;
    }

    void measureRange() {
        low = 0;
        high = 0;
        for (int i = 0; i < columns; i++) {
            low = Math.min(low, row[i]);
            high = Math.max(high, row[i]);
        }
    }

    /// Both bounds shrunk together; then each alone, because heavy tails are seldom alike on both sides; then a
    /// two-dimensional pass around the best.
    private Grid bounded() {
        Candidate best = new Candidate(STEPS, STEPS, error(shrunk(STEPS, STEPS)));
        for (int step = STEPS - 1; step >= SMALLEST; step--) {
            best = better(best, step, step);
        }
        for (int upper = STEPS; upper >= SMALLEST_ALONE; upper -= STRIDE) {
            best = better(best, best.lower, upper);
        }
        for (int lower = STEPS; lower >= SMALLEST_ALONE; lower -= STRIDE) {
            best = better(best, lower, best.upper);
        }
        Candidate centre = best;
        for (int lower = centre.lower - FINE; lower <= Math.min(STEPS, centre.lower + FINE); lower++) {
            for (int upper = centre.upper - FINE; upper <= Math.min(STEPS, centre.upper + FINE); upper++) {
                best = better(best, lower, upper);
            }
        }
        return shrunk(best.lower, best.upper);
    }

    /// Bounds in hundredths of the range's, with the error of their grid.
    private record Candidate(int lower, int upper, float error) {}

    private Candidate better(Candidate best, int lower, int upper) {
        float error = error(shrunk(lower, upper));
        return error < best.error ? new Candidate(lower, upper, error) : best;
    }

    private Grid shrunk(int lowerStep, int upperStep) {
        return Grid.over(low * lowerStep / STEPS, high * upperStep / STEPS, maxCode);
    }

    private float error(Grid grid) {
        return kernels.squaredError(row, columns, grid.step(), -grid.zeroPoint(), maxCode - (float) grid.zeroPoint());
    }

    /// Coordinate descent: least-squares step for the codes, mean zero point for the step, nearest codes for both.
    private Grid refined(Grid start, int maxIterations, double tolerance) {
        Grid best = start;
        float bestError = error(start);
        Grid current = start;
        float previous = bestError;
        for (int iteration = 0; iteration < maxIterations; iteration++) {
            float step = leastSquaresStep(current);
            if (!(step > 0)) {
                break;
            }
            current = new Grid(step, meanZeroPoint(current, step), maxCode);
            float error = error(current);
            if (error < bestError) {
                bestError = error;
                best = current;
            }
            if (previous - error < tolerance * previous) {
                break;
            }
            previous = error;
        }
        return best;
    }

    private float leastSquaresStep(Grid grid) {
        double product = 0;
        double square = 0;
        float inverse = grid.inverse();
        for (int i = 0; i < columns; i++) {
            double level = grid.level(row[i], inverse);
            product += level * row[i];
            square += level * level;
        }
        return square == 0 ? 0 : (float) (product / square);
    }

    /// Mean of `code - w / step`, where the codes are those of the grid before its step changed.
    private int meanZeroPoint(Grid grid, float step) {
        double levels = 0;
        double weights = 0;
        float inverse = grid.inverse();
        for (int i = 0; i < columns; i++) {
            levels += grid.level(row[i], inverse);
            weights += row[i];
        }
        return Grid.clamp((int) Math.rint(grid.zeroPoint() + (levels - weights / step) / columns), maxCode);
    }
}
