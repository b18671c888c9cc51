package dev.quantreel.engines.internal.kernel;

/// Tries many grids on one run of weights at once, a grid per lane: for groups of columns, where a try of one grid by
/// itself costs more for its call and the folding of its sums than for its weights. [ScalarGridBatch] is the
/// specification; all members return the same bits, because every lane adds its columns in order.
public sealed interface GridBatchKernels permits ScalarGridBatch, VectorGridBatch {

    /// Columns whose errors are added in one sum; those of longer runs are added up.
    int PIECE = 256;

    /// The fastest member this process can run.
    static GridBatchKernels best() {
        return Holder.BEST;
    }

    /// Leaves the squared error of every grid on `row[from..to)` in the batch.
    void squaredErrors(float[] row, int from, int to, GridBatch batch);

    /// Leaves the squared error of every grid in the batch, and what [GridBatch#solve] needs. For runs of some hundred
    /// columns: all are added in one sum.
    void fits(float[] row, int from, int to, GridBatch batch);

    /// Leaves `Σ|e / unit|^norm` of every grid in the batch; powers as [Powers] has them.
    void powers(float[] row, int from, int to, Norm norm, GridBatch batch);

    /// @param exponent of errors
    /// @param unit in which errors are measured; one of about the steps keeps sums in the range of floats
    record Norm(float exponent, float unit) {}

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final GridBatchKernels BEST = VectorSupport.choose(ScalarGridBatch::new, VectorGridBatch::new);

        private Holder() {}
    }
}
