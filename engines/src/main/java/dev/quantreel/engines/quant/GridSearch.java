package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;

/// Finds the grid of one row. Not thread-safe: holds the row it works on.
final class GridSearch {

    /// Bounds are shrunk in this many steps.
    private static final int STEPS = 100;

    /// Stride of the search with both bounds shrunk together.
    private static final int STRIDE = 4;

    /// It ends when both bounds are shrunk to this many hundredths.
    private static final int SMALLEST = 20;

    /// Stride of the searches of one bound alone.
    private static final int STRIDE_ALONE = 8;

    /// They end here.
    private static final int SMALLEST_ALONE = 4;

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
    Grid find(WeightQuantizer.Bounded quantizer) {
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

    /// Both bounds shrunk together; then each alone, because heavy tails are seldom alike on both sides; then downhill
    /// from the best, with ever smaller strides.
    private Grid bounded() {
        Candidate best = new Candidate(STEPS, STEPS, error(shrunk(STEPS, STEPS)));
        for (int step = STEPS - STRIDE; step >= SMALLEST; step -= STRIDE) {
            best = better(best, step, step);
        }
        for (int upper = STEPS; upper >= SMALLEST_ALONE; upper -= STRIDE_ALONE) {
            best = better(best, best.lower, upper);
        }
        for (int lower = STEPS; lower >= SMALLEST_ALONE; lower -= STRIDE_ALONE) {
            best = better(best, lower, best.upper);
        }
        for (int stride = STRIDE; stride > 0; stride /= 2) {
            best = downhill(best, stride);
        }
        return shrunk(best.lower, best.upper);
    }

    /// Moves to the best of the eight neighbours until none is better.
    private Candidate downhill(Candidate start, int stride) {
        Candidate best = start;
        Candidate centre;
        do {
            centre = best;
            for (int lower = centre.lower - stride; lower <= centre.lower + stride; lower += stride) {
                for (int upper = centre.upper - stride; upper <= centre.upper + stride; upper += stride) {
                    boolean inside = Math.min(lower, upper) > 0 && Math.max(lower, upper) <= STEPS;
                    boolean moved = lower != centre.lower || upper != centre.upper;
                    best = inside && moved ? better(best, lower, upper) : best;
                }
            }
        } while (best != centre);
        return best;
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
