package dev.quantreel.engines.internal.kernel;

/// The specification of [GridSearchKernels].
public final class ScalarGridSearch implements GridSearchKernels {

    @Override
    public float squaredError(float[] row, int from, int to, UniformGrid grid) {
        float inverse = grid.inverse();
        float[] sums = new float[LANES];
        int whole = GridSearchKernels.whole(from, to);
        for (int i = from; i < whole; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                float error = grid.error(row[i + lane], inverse);
                sums[lane] = Math.fma(error, error, sums[lane]);
            }
        }
        return GridSearchKernels.total(sums, squaredTail(row, whole, to, grid));
    }

    static float squaredTail(float[] row, int whole, int to, UniformGrid grid) {
        float inverse = grid.inverse();
        float tail = 0;
        for (int i = whole; i < to; i++) {
            float error = grid.error(row[i], inverse);
            tail = Math.fma(error, error, tail);
        }
        return tail;
    }

    @Override
    public GridFit fit(float[] row, int from, int to, UniformGrid grid) {
        Partial sums = new Partial();
        int whole = GridSearchKernels.whole(from, to);
        float inverse = grid.inverse();
        for (int i = from; i < whole; i++) {
            sums.add((i - from) % LANES, row[i], grid, inverse);
        }
        return sums.total(row, whole, to, grid);
    }

    /// The partial sums of [#fit].
    static final class Partial {
        final float[] squares = new float[LANES];
        final float[] sums = new float[LANES];
        final float[] errors = new float[LANES];
        final float[] products = new float[LANES];
        final float[] levels = new float[LANES];

        void add(int lane, float weight, UniformGrid grid, float inverse) {
            float level = grid.level(weight, inverse);
            float error = Math.fma(-grid.step(), level, weight);
            squares[lane] = Math.fma(error, error, squares[lane]);
            sums[lane] += level;
            errors[lane] += error;
            products[lane] = Math.fma(error, level, products[lane]);
            levels[lane] = Math.fma(level, level, levels[lane]);
        }

        /// Adds what is beyond the whole part.
        GridFit total(float[] row, int whole, int to, UniformGrid grid) {
            Partial tail = new Partial();
            float inverse = grid.inverse();
            for (int i = whole; i < to; i++) {
                tail.add(0, row[i], grid, inverse);
            }
            return new GridFit(
                    GridSearchKernels.total(squares, tail.squares[0]),
                    GridSearchKernels.total(sums, tail.sums[0]),
                    GridSearchKernels.total(errors, tail.errors[0]),
                    GridSearchKernels.total(products, tail.products[0]),
                    GridSearchKernels.total(levels, tail.levels[0]));
        }
    }
}
