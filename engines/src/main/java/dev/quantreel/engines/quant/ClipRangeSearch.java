package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridBatch;
import dev.quantreel.engines.internal.kernel.GridBatchKernels;
import dev.quantreel.engines.internal.kernel.RowKernels;
import java.util.ArrayList;
import java.util.List;

/// The clip search of [WeightQuantizer.ClipSearch] on one run of weights, many ranges at once. Not thread-safe.
final class ClipRangeSearch {

    /// Ends are shrunk in hundredths, this many times at most.
    private static final int CANDIDATES = 80;

    private static final List<GridBatch.Pairs> BATCHES = batches();

    private final GridBatchKernels kernels = GridBatchKernels.best();
    private final float norm;
    private final int maxCode;
    private final GridBatch batch;

    ClipRangeSearch(double norm, int bits) {
        this.norm = (float) norm;
        this.maxCode = (1 << bits) - 1;
        this.batch = new GridBatch(maxCode);
    }

    private static List<GridBatch.Pairs> batches() {
        List<GridBatch.Pairs> batches = new ArrayList<>();
        for (int first = 0; first < CANDIDATES; first += GridBatch.SIZE) {
            float[] ratios = new float[Math.min(GridBatch.SIZE, CANDIDATES - first)];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = 1 - (first + i) / 100f;
            }
            batches.add(new GridBatch.Pairs(ratios, ratios));
        }
        return batches;
    }

    Grid find(float[] weights) {
        RowKernels.Range range = RowKernels.best().range(weights, 0, weights.length);
        Grid best = Grid.over(range.low(), range.high(), maxCode);
        if (range.reach() == 0) {
            return best;
        }
        GridBatchKernels.Norm measure = new GridBatchKernels.Norm(norm, best.step());
        float least = Float.POSITIVE_INFINITY;
        for (GridBatch.Pairs ratios : BATCHES) {
            batch.between(range.low(), range.high(), ratios);
            if (norm == 2) {
                kernels.squaredErrors(weights, 0, weights.length, batch);
            } else {
                kernels.powers(weights, 0, weights.length, measure, batch);
            }
            int index = batch.least();
            if (batch.error(index) < least) {
                least = batch.error(index);
                best = new Grid(batch.step(index), batch.zeroPoint(index), maxCode);
            }
        }
        return best;
    }
}
