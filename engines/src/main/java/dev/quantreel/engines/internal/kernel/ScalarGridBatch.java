package dev.quantreel.engines.internal.kernel;

/// The specification of [GridBatchKernels].
public final class ScalarGridBatch implements GridBatchKernels {

    @Override
    public void squaredErrors(float[] row, int from, int to, GridBatch batch) {
        for (int i = 0; i < GridBatch.SIZE; i++) {
            UniformGrid grid = batch.grid(i);
            float inverse = grid.inverse();
            float total = 0;
            for (int start = from; start < to; start += PIECE) {
                float sum = 0;
                for (int column = start; column < Math.min(to, start + PIECE); column++) {
                    float error = grid.error(row[column], inverse);
                    sum = Math.fma(error, error, sum);
                }
                total += sum;
            }
            batch.errors[i] = total;
        }
    }

    @Override
    public void fits(float[] row, int from, int to, GridBatch batch) {
        for (int i = 0; i < GridBatch.SIZE; i++) {
            UniformGrid grid = batch.grid(i);
            float inverse = grid.inverse();
            float squares = 0;
            float products = 0;
            float levels = 0;
            for (int column = from; column < to; column++) {
                float level = grid.level(row[column], inverse);
                float error = Math.fma(-grid.step(), level, row[column]);
                squares = Math.fma(error, error, squares);
                products = Math.fma(error, level, products);
                levels = Math.fma(level, level, levels);
            }
            batch.errors[i] = squares;
            batch.products[i] = products;
            batch.levels[i] = levels;
        }
    }

    @Override
    public void powers(float[] row, int from, int to, Norm norm, GridBatch batch) {
        for (int i = 0; i < GridBatch.SIZE; i++) {
            UniformGrid grid = batch.grid(i);
            float inverse = grid.inverse();
            float total = 0;
            for (int start = from; start < to; start += PIECE) {
                float sum = 0;
                for (int column = start; column < Math.min(to, start + PIECE); column++) {
                    float level = grid.level(row[column], inverse);
                    sum += Powers.of(Math.abs(Math.fma(row[column], inverse, -level)), norm.exponent());
                }
                total += sum;
            }
            batch.errors[i] = total * Powers.of(grid.step() / norm.unit(), norm.exponent());
        }
    }
}
