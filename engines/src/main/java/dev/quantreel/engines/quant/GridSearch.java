package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels.GridFit;
import dev.quantreel.engines.internal.kernel.RowKernels;
import dev.quantreel.engines.internal.kernel.UniformGrid;

/// Finds the grid of a row. Not thread-safe: holds the row it works on.
///
/// The whole row is tried on every candidate, because that costs less than to sum it up for cheaper tries
/// (docs/adr/0023-grid-search-by-whole-rows.md). What is saved are candidates, by going from coarse to fine:
/// 1. Both bounds together, each 0.84 of the one before, down to where clipping outweighs all rounding.
/// 2. Every hundredth between the neighbours of the best of them; so the best of all hundredths is hardly ever missed.
/// 3. Each bound alone from its full range, because heavy tails are seldom alike on both sides, then downhill in
///    smaller steps.
/// 4. Steps close to the best, at its zero point and the two beside it: rounding makes the error rough.
/// 5. [WeightQuantizer.Bgr] refines the results of 2 and of 4.
final class GridSearch {

    /// Bounds are shrunk together in hundredths.
    private static final int STEPS = 100;

    /// Ratio of coarse candidates.
    private static final float COARSE = 0.84f;

    /// Ratios of bounds when each is moved alone.
    private static final float[] FINER = {0.92f, 0.96f};

    /// Rounds of both bounds for each of these ratios.
    private static final int ROUNDS = 5;

    /// Candidates to each side when steps close to the best are tried.
    private static final int NEIGHBOURS = 5;

    /// Beyond this code, 6 bits, clipping one side alone hardly pays.
    private static final int LARGEST_ALONE = 63;

    private final GridSearchKernels kernels;
    private final RowKernels rowKernels = RowKernels.best();
    private final int maxCode;
    private final int columns;
    private final float[] row;
    private RowKernels.Range range = new RowKernels.Range(0, 0);
    private Candidate best = new Candidate(new Grid(1, 0, 1), Float.MAX_VALUE, 0, 0);

    GridSearch(GridSearchKernels kernels, int bits, float[] row, int columns) {
        this.kernels = kernels;
        this.maxCode = (1 << bits) - 1;
        this.row = row;
        this.columns = columns;
    }

    /// A grid with its error and the bounds it was made from.
    private record Candidate(Grid grid, float error, float low, float high) {}

    /// The grid for the present content of the row.
    Grid find(WeightQuantizer.Bounded quantizer) {
        measureRange();
        return switch (quantizer) {
            case WeightQuantizer.MinMax _ -> Grid.over(low(), high(), maxCode);
            case WeightQuantizer.Pbq() -> {
                bounded();
                yield best.grid;
            }
            case WeightQuantizer.Bgr(int maxIterations, double tolerance) -> {
                Candidate together = bounded();
                Candidate apart = best;
                best = refined(apart, maxIterations, tolerance);
                yield together == apart ? best.grid : better(best, refined(together, maxIterations, tolerance)).grid;
            }
        };
    }

    float low() {
        return range.low();
    }

    float high() {
        return range.high();
    }

    void measureRange() {
        range = rowKernels.range(row, 0, columns);
    }

    /// Leaves the best candidate in `best`; returns the best with both bounds shrunk alike.
    private Candidate bounded() {
        best = candidate(Grid.over(low(), high(), maxCode), low(), high());
        if (best.error == 0) {
            return best;
        }
        float least = least();
        together(least);
        Candidate together = best;
        if (maxCode <= LARGEST_ALONE) {
            for (float upper = high() * COARSE; upper >= least; upper *= COARSE) {
                bounds(together.low, upper);
            }
            float high = best.high;
            for (float lower = -low() * COARSE; lower >= least; lower *= COARSE) {
                bounds(-lower, high);
            }
        }
        for (float ratio : FINER) {
            apart(ratio);
        }
        nearby();
        return together;
    }

    /// No bound of the best grid is below this.
    private float least() {
        double rms = Math.sqrt(kernels.squaredError(row, 0, columns, new UniformGrid(1, 0, 0)) / columns);
        return (float) (rms * Math.min(2, 0.25 * (1 + Math.log(maxCode + 1) / Math.log(2))));
    }

    private void together(float least) {
        int above = STEPS;
        int below = next(STEPS);
        int previous = STEPS;
        for (int step = next(STEPS); step > 0 && range.reach() * step / STEPS >= least; step = next(step)) {
            if (shrunk(step)) {
                above = previous;
                below = next(step);
            }
            previous = step;
        }
        for (int step = below + 1; step < above; step++) {
            shrunk(step);
        }
    }

    private static int next(int step) {
        return Math.min(step - 1, Math.round(COARSE * step));
    }

    private boolean shrunk(int step) {
        return bounds(low() * step / STEPS, high() * step / STEPS);
    }

    /// Moves one bound after the other inwards while that helps, else outwards, until neither moves.
    private void apart(float ratio) {
        Candidate before;
        int round = 0;
        do {
            before = best;
            Candidate upper = best;
            while (bounds(best.low, best.high * ratio)) {}
            while (best == upper && best.high < high() && bounds(best.low, Math.min(high(), best.high / ratio))) {
                upper = best;
            }
            Candidate lower = best;
            while (bounds(best.low * ratio, best.high)) {}
            while (best == lower && best.low > low() && bounds(Math.max(low(), best.low / ratio), best.high)) {
                lower = best;
            }
            round++;
        } while (best != before && round < ROUNDS);
    }

    /// Steps around the best, closer together the more codes there are.
    private void nearby() {
        Candidate centre = best;
        float stride = maxCode <= 15 ? 0.012f : maxCode <= 63 ? 0.006f : 0.003f;
        for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
            scaled(centre, 1 + i * stride, 0);
        }
        centre = best;
        for (int i = -1; i <= 1; i++) {
            scaled(centre, 1 + i * stride, -1);
            scaled(centre, 1 + i * stride, 1);
        }
    }

    private void scaled(Candidate centre, float factor, int shift) {
        int zeroPoint = centre.grid.zeroPoint() + shift;
        if (zeroPoint >= 0 && zeroPoint <= maxCode) {
            take(new Grid(centre.grid.step() * factor, zeroPoint, maxCode), centre.low, centre.high);
        }
    }

    /// Tries the grid between two bounds; whether it is the best so far.
    private boolean bounds(float low, float high) {
        return take(Grid.over(low, high, maxCode), low, high);
    }

    /// Tries a grid; a record is made of a better one only, so that most tries allocate nothing.
    private boolean take(Grid grid, float low, float high) {
        float error = kernels.squaredError(row, 0, columns, grid.uniform());
        if (error < best.error) {
            best = new Candidate(grid, error, low, high);
            return true;
        }
        return false;
    }

    private Candidate candidate(Grid grid, float low, float high) {
        return new Candidate(grid, kernels.squaredError(row, 0, columns, grid.uniform()), low, high);
    }

    private static Candidate better(Candidate best, Candidate other) {
        return other.error < best.error ? other : best;
    }

    /// Coordinate descent: least-squares step for the codes, mean zero point for the step, nearest codes for both.
    private Candidate refined(Candidate start, int maxIterations, double tolerance) {
        Candidate result = start;
        Grid grid = start.grid;
        GridFit fit = kernels.fit(row, 0, columns, grid.uniform());
        for (int iteration = 0; iteration < maxIterations; iteration++) {
            float step = grid.step() + fit.errorLevels() / fit.levelSquares();
            if (!(step > 0) || !Float.isFinite(step)) {
                break;
            }
            grid = new Grid(step, zeroPoint(grid, fit, step, columns), maxCode);
            float previous = fit.squaredError();
            fit = kernels.fit(row, 0, columns, grid.uniform());
            result = better(result, new Candidate(grid, fit.squaredError(), start.low, start.high));
            if (previous - fit.squaredError() < tolerance * previous) {
                break;
            }
        }
        return result;
    }

    /// Mean of `code - w / step`, where the codes are those of the grid before its step changed.
    static int zeroPoint(Grid grid, GridFit fit, float step, int columns) {
        double weights = (double) grid.step() * fit.levels() + fit.errors();
        double shift = (fit.levels() - weights / step) / columns;
        return Grid.clamp((int) Math.rint(grid.zeroPoint() + shift), grid.maxCode());
    }
}
