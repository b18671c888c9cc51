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
            GridFit tail = tail(row, whole, to, grid);
            return new GridFit(
                    GridSearchKernels.total(squares, tail.squaredError()),
                    GridSearchKernels.total(sums, tail.levels()),
                    GridSearchKernels.total(errors, tail.errors()),
                    GridSearchKernels.total(products, tail.errorLevels()),
                    GridSearchKernels.total(levels, tail.levelSquares()));
        }
    }

    /// The sums of [#fit] over the elements beyond the whole part.
    static GridFit tail(float[] row, int whole, int to, UniformGrid grid) {
        float inverse = grid.inverse();
        float squares = 0;
        float sum = 0;
        float errors = 0;
        float products = 0;
        float levels = 0;
        for (int i = whole; i < to; i++) {
            float level = grid.level(row[i], inverse);
            float error = Math.fma(-grid.step(), level, row[i]);
            squares = Math.fma(error, error, squares);
            sum += level;
            errors += error;
            products = Math.fma(error, level, products);
            levels = Math.fma(level, level, levels);
        }
        return new GridFit(squares, sum, errors, products, levels);
    }
}
