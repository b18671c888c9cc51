package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridBatch;
import dev.quantreel.engines.internal.kernel.GridBatchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels.GridFit;
import dev.quantreel.engines.internal.kernel.RowKernels;

/// Finds the grid of a group of columns, what [GridSearch] does for rows: in batches of 32 grids that are tried at
/// once ([GridBatchKernels]), because a try by itself costs more for its call than for the weights of a group
/// (docs/adr/0023-grid-search-by-whole-rows.md). Not thread-safe.
///
/// 1. Both bounds shrunk alike, and each alone, from the full range down to 0.4 of it.
/// 2. Steps up to an eighth around the best, at its zero point and those beside it.
/// 3. Steps close to the best of these; not up to 6 bits where steps are solved for.
///
/// [WeightQuantizer.Bgr] takes of every grid that is tried the step that suits its codes best, instead of the one
/// that it was tried at, and goes on from the best by coordinate descent.
final class GroupSearch {

    /// Columns from which a row by itself is searched as fast.
    static final int WIDEST = 512;

    /// Up to this code, 6 bits, the steps that suit the codes of wide strides leave nothing to find between them.
    private static final int LARGEST_SOLVED = 63;

    private static final GridBatch.Pairs SHRUNK = shrunk();

    private final GridBatchKernels kernels;
    private final GridSearchKernels fits;
    private final RowKernels rowKernels = RowKernels.best();
    private final int maxCode;
    private final GridBatch.Pairs wide;
    private final GridBatch.Pairs close;
    private final GridBatch batch;
    private Grid best;
    private float leastError;

    /// @param fits for the last step
    GroupSearch(GridBatchKernels kernels, GridSearchKernels fits, int bits) {
        this.kernels = kernels;
        this.fits = fits;
        this.maxCode = (1 << bits) - 1;
        this.wide = around(11, 0.025f);
        this.close = around(11, maxCode <= 15 ? 0.005f : maxCode <= 63 ? 0.003f : 0.0015f);
        this.batch = new GridBatch(maxCode);
        this.best = new Grid(1, 0, maxCode);
    }

    /// The grid for a group.
    Grid find(WeightQuantizer.Bounded quantizer, float[] group) {
        RowKernels.Range range = rowKernels.range(group, 0, group.length);
        best = Grid.over(range.low(), range.high(), maxCode);
        if (quantizer instanceof WeightQuantizer.MinMax || range.reach() == 0) {
            return best;
        }
        leastError = Float.POSITIVE_INFINITY;
        boolean refines = quantizer instanceof WeightQuantizer.Bgr bgr && bgr.maxIterations() > 0;
        batch.between(range.low(), range.high(), SHRUNK);
        take(group, refines);
        batch.around(best.step(), best.zeroPoint(), wide);
        take(group, refines);
        if (!refines || maxCode > LARGEST_SOLVED) {
            batch.around(best.step(), best.zeroPoint(), close);
            take(group, refines);
        }
        if (quantizer instanceof WeightQuantizer.Bgr bgr) {
            refine(bgr, group);
        }
        return best;
    }

    /// Tries the batch.
    private void take(float[] group, boolean refines) {
        if (refines) {
            kernels.fits(group, 0, group.length, batch);
            batch.solve();
        } else {
            kernels.squaredErrors(group, 0, group.length, batch);
        }
        int index = batch.least();
        float step = batch.step(index);
        if (batch.error(index) < leastError && step > 0 && Float.isFinite(step)) {
            leastError = batch.error(index);
            best = new Grid(step, batch.zeroPoint(index), maxCode);
        }
    }

    /// As [GridSearch] does it.
    private void refine(WeightQuantizer.Bgr bgr, float[] group) {
        Grid grid = best;
        GridFit fit = fits.fit(group, 0, group.length, grid.uniform());
        for (int round = 0; round < bgr.maxIterations(); round++) {
            float step = grid.step() + fit.errorLevels() / fit.levelSquares();
            if (!(step > 0) || !Float.isFinite(step)) {
                return;
            }
            grid = new Grid(step, GridSearch.zeroPoint(grid, fit, step, group.length), maxCode);
            float previous = fit.squaredError();
            fit = fits.fit(group, 0, group.length, grid.uniform());
            if (fit.squaredError() < leastError) {
                leastError = fit.squaredError();
                best = grid;
            }
            if (previous - fit.squaredError() < bgr.tolerance() * previous) {
                return;
            }
        }
    }

    private static GridBatch.Pairs shrunk() {
        float[] lower = new float[GridBatch.SIZE];
        float[] upper = new float[GridBatch.SIZE];
        int count = 0;
        for (int i = 0; i < 16; i++) {
            lower[count] = 1 - 0.04f * i;
            upper[count++] = 1 - 0.04f * i;
        }
        for (int i = 1; i <= 8; i++) {
            lower[count] = 1 - 0.075f * i;
            upper[count++] = 1;
            lower[count] = 1;
            upper[count++] = 1 - 0.075f * i;
        }
        return new GridBatch.Pairs(lower, upper);
    }

    /// Steps in equal strides around one, at three zero points; two of the outermost are left out.
    private static GridBatch.Pairs around(int steps, float stride) {
        float[] factors = new float[GridBatch.SIZE];
        float[] shifts = new float[GridBatch.SIZE];
        int count = 0;
        for (int shift = -1; shift <= 1; shift++) {
            for (int i = -(steps / 2); i <= steps / 2 && count < GridBatch.SIZE; i++) {
                factors[count] = 1 + i * stride;
                shifts[count++] = shift;
            }
        }
        return new GridBatch.Pairs(factors, shifts);
    }
}
