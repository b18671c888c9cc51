package dev.quantreel.engines.internal.kernel;

/// The specification of [LevelKernels].
public final class ScalarLevels implements LevelKernels {

    @Override
    public void codes(float[] row, int from, int to, FractionalGrid grid, byte[] into) {
        float inverse = grid.inverse();
        for (int i = from; i < to; i++) {
            into[i] = (byte) grid.code(row[i], inverse);
        }
    }

    @Override
    public void codes(float[] row, int from, int to, Table table, byte[] into) {
        for (int i = from; i < to; i++) {
            float doubled = row[i] * table.inverse() * 2;
            int code = 0;
            for (float boundary : table.boundaries().values) {
                code += doubled > boundary ? 1 : 0;
            }
            into[i] = (byte) code;
        }
    }

    @Override
    public RowKernels.Errors errors(float[] row, int from, int to, FractionalGrid grid, byte[] codes) {
        ErrorSums sums = new ErrorSums(grid);
        int whole = GridSearchKernels.whole(from, to);
        for (int i = from; i < whole; i++) {
            sums.add((i - from) % LANES, row[i], codes[i]);
        }
        return sums.total(row, whole, to, codes);
    }

    /// The partial sums of [#errors].
    static final class ErrorSums {
        final float[] sums = new float[LANES];
        final float[] squares = new float[LANES];
        float largest;
        int clipped;
        private final FractionalGrid grid;
        private final float below;
        private final float above;

        ErrorSums(FractionalGrid grid) {
            this.grid = grid;
            this.below = below(grid);
            this.above = above(grid);
        }

        void add(int lane, float weight, byte code) {
            float error = weight - grid.value(code & 0xFF);
            sums[lane] += error;
            squares[lane] = Math.fma(error, error, squares[lane]);
            largest = Math.max(largest, Math.abs(error));
            clipped += weight < below || weight > above ? 1 : 0;
        }

        /// Adds what is beyond the whole part.
        RowKernels.Errors total(float[] row, int whole, int to, byte[] codes) {
            float sum = 0;
            float square = 0;
            for (int i = whole; i < to; i++) {
                float error = row[i] - grid.value(codes[i] & 0xFF);
                sum += error;
                square = Math.fma(error, error, square);
                largest = Math.max(largest, Math.abs(error));
                clipped += row[i] < below || row[i] > above ? 1 : 0;
            }
            return new RowKernels.Errors(
                    GridSearchKernels.total(sums, sum), GridSearchKernels.total(squares, square), largest, clipped);
        }
    }

    static float below(FractionalGrid grid) {
        return grid.step() * (-0.5f - grid.zero());
    }

    static float above(FractionalGrid grid) {
        return grid.step() * (grid.maxCode() + 0.5f - grid.zero());
    }

    @Override
    public Turn turn(float[] row, int from, int to, FractionalGrid grid, Shrinkage shrinkage) {
        float[] magnitudes = new float[LANES];
        float[] zeros = new float[LANES];
        int whole = GridSearchKernels.whole(from, to);
        float inverse = grid.inverse();
        float share = 1 / shrinkage.beta();
        for (int i = from; i < whole; i++) {
            int lane = (i - from) % LANES;
            int code = grid.code(row[i], inverse);
            float error = row[i] - grid.value(code);
            magnitudes[lane] += Math.abs(error);
            zeros[lane] += zero(row[i], code, error, new Rates(inverse, share, shrinkage.exponent()));
        }
        Turn tail = tail(row, whole, to, grid, shrinkage);
        return new Turn(
                GridSearchKernels.total(magnitudes, tail.magnitudes()), GridSearchKernels.total(zeros, tail.zeros()));
    }

    /// The sums of [#turn] beyond the whole part.
    static Turn tail(float[] row, int whole, int to, FractionalGrid grid, Shrinkage shrinkage) {
        Rates rates = new Rates(grid.inverse(), 1 / shrinkage.beta(), shrinkage.exponent());
        float magnitudes = 0;
        float zeros = 0;
        for (int i = whole; i < to; i++) {
            int code = grid.code(row[i], rates.inverse);
            float error = row[i] - grid.value(code);
            magnitudes += Math.abs(error);
            zeros += zero(row[i], code, error, rates);
        }
        return new Turn(magnitudes, zeros);
    }

    private record Rates(float inverse, float share, float exponent) {}

    /// `code - (w - shrunk e) / step`.
    private static float zero(float weight, int code, float error, Rates rates) {
        float magnitude = Math.abs(error);
        float left = Math.fma(-Powers.of(magnitude, rates.exponent), rates.share, magnitude);
        float shrunk = Math.copySign(left > 0 ? left : 0, error);
        return Math.fma(shrunk - weight, rates.inverse, code);
    }
}
