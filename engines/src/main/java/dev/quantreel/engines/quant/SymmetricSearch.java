package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridBatch;
import dev.quantreel.engines.internal.kernel.GridBatchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.internal.kernel.RowKernels;
import java.util.List;
import java.util.stream.IntStream;

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

    private static final int COARSE_COUNT = (STEPS - SMALLEST) / STRIDE + 1;
    private static final GridBatch.Pairs COARSE = hundredths(STEPS, COARSE_COUNT, -STRIDE);

    /// For each of the coarse candidates the hundredths up to its neighbours.
    private static final List<GridBatch.Pairs> FINE = IntStream.range(0, COARSE_COUNT)
            .mapToObj(i -> hundredths(STEPS - STRIDE * i - STRIDE + 1, 2 * STRIDE - 1, 1))
            .toList();

    private final GridSearchKernels kernels;
    private final GridBatchKernels batches = GridBatchKernels.best();
    private final int max;
    private final float[] row;
    private final GridBatch batch;

    /// @param max largest code: 7 for 4 bits, 127 for 8
    SymmetricSearch(GridSearchKernels kernels, int max, float[] row) {
        this.kernels = kernels;
        this.max = max;
        this.row = row;
        this.batch = new GridBatch(2 * max);
    }

    /// The grid over the largest absolute weight.
    Grid absmax() {
        float largest = RowKernels.best().range(row, 0, row.length).reach();
        return largest == 0 ? grid(1) : grid(Math.max(largest / max, Float.MIN_NORMAL));
    }

    /// The grid of least squared error for the present content of the row.
    Grid find() {
        Grid widest = absmax();
        return row.length <= GroupSearch.WIDEST ? ofGroup(widest) : ofRow(widest);
    }

    private Grid ofRow(Grid widest) {
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

    /// The same candidates in two batches.
    private Grid ofGroup(Grid widest) {
        batch.around(widest.step(), max, COARSE);
        batches.squaredErrors(row, 0, row.length, batch);
        batch.around(widest.step(), max, FINE.get(batch.least()));
        batches.squaredErrors(row, 0, row.length, batch);
        int fine = batch.least();
        return refined(grid(batch.step(fine)), batch.error(fine));
    }

    private static GridBatch.Pairs hundredths(int first, int count, int stride) {
        float[] factors = new float[count];
        for (int i = 0; i < count; i++) {
            factors[i] = (first + i * stride) / (float) STEPS;
        }
        return new GridBatch.Pairs(factors, new float[count]);
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

    /// 0 where there is none.
    private float leastSquaresStep(Grid grid) {
        GridSearchKernels.GridFit fit = kernels.fit(row, 0, row.length, grid.uniform());
        return fit.levelSquares() == 0 ? 0 : grid.step() + fit.errorLevels() / fit.levelSquares();
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
