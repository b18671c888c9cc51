package dev.quantreel.engines.internal.kernel;

/// The specification of [RowKernels].
public final class ScalarRowKernels implements RowKernels {

    private static final int SIGN = 0x8000_0000;

    @Override
    public Range range(float[] row, int from, int to) {
        return range(row, from, to, 0, 0);
    }

    /// Bits of floats of one sign are ordered as integers; NaN lies beyond infinity.
    ///
    /// @param low bits of the magnitude of the smallest value so far
    /// @param high bits of the largest value so far
    static Range range(float[] row, int from, int to, int low, int high) {
        int lowest = low;
        int highest = high;
        for (int i = from; i < to; i++) {
            int bits = Float.floatToRawIntBits(row[i]);
            highest = Math.max(highest, bits);
            lowest = Math.max(lowest, bits ^ SIGN);
        }
        return new Range(0 - Float.intBitsToFloat(lowest), Float.intBitsToFloat(highest));
    }

    @Override
    public Moments moments(float[] row, int from, int to, float scale) {
        Powers sums = new Powers();
        int whole = GridSearchKernels.whole(from, to);
        for (int i = from; i < whole; i++) {
            sums.add((i - from) % LANES, row[i] * scale);
        }
        return sums.total(row, whole, to, scale);
    }

    /// The partial sums of [#moments].
    static final class Powers {
        final float[] sums = new float[LANES];
        final float[] squares = new float[LANES];
        final float[] cubes = new float[LANES];
        final float[] fourths = new float[LANES];

        void add(int lane, float value) {
            float square = value * value;
            sums[lane] += value;
            squares[lane] += square;
            cubes[lane] = Math.fma(square, value, cubes[lane]);
            fourths[lane] = Math.fma(square, square, fourths[lane]);
        }

        /// Adds what is beyond the whole part.
        Moments total(float[] row, int whole, int to, float scale) {
            Moments tail = tail(row, whole, to, scale);
            return new Moments(
                    GridSearchKernels.total(sums, tail.sum()),
                    GridSearchKernels.total(squares, tail.squares()),
                    GridSearchKernels.total(cubes, tail.cubes()),
                    GridSearchKernels.total(fourths, tail.fourths()));
        }
    }

    /// The sums of [#moments] over the elements beyond the whole part.
    static Moments tail(float[] row, int whole, int to, float scale) {
        float sum = 0;
        float squares = 0;
        float cubes = 0;
        float fourths = 0;
        for (int i = whole; i < to; i++) {
            float value = row[i] * scale;
            float square = value * value;
            sum += value;
            squares += square;
            cubes = Math.fma(square, value, cubes);
            fourths = Math.fma(square, square, fourths);
        }
        return new Moments(sum, squares, cubes, fourths);
    }

    @Override
    public Errors errors(float[] row, int from, int to, UniformGrid grid, byte[] codes) {
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
        private final UniformGrid grid;
        private final float inverse;

        ErrorSums(UniformGrid grid) {
            this.grid = grid;
            this.inverse = grid.inverse();
        }

        void add(int lane, float weight, byte code) {
            int position = UniformGrid.position(weight, inverse);
            float error = Math.fma(-grid.step(), (float) ((code & 0xFF) + grid.low()), weight);
            sums[lane] += error;
            squares[lane] = Math.fma(error, error, squares[lane]);
            largest = Math.max(largest, Math.abs(error));
            clipped += position < grid.low() || position > grid.high() ? 1 : 0;
        }

        /// Adds what is beyond the whole part.
        Errors total(float[] row, int whole, int to, byte[] codes) {
            Errors tail = tail(row, whole, to, grid, codes);
            return new Errors(
                    GridSearchKernels.total(sums, tail.sum()),
                    GridSearchKernels.total(squares, tail.squares()),
                    Math.max(largest, tail.largest()),
                    clipped + tail.clipped());
        }
    }

    /// The sums of [#errors] over the elements beyond the whole part.
    static Errors tail(float[] row, int whole, int to, UniformGrid grid, byte[] codes) {
        float inverse = grid.inverse();
        float sum = 0;
        float squares = 0;
        float largest = 0;
        int clipped = 0;
        for (int i = whole; i < to; i++) {
            int position = UniformGrid.position(row[i], inverse);
            float error = Math.fma(-grid.step(), (float) ((codes[i] & 0xFF) + grid.low()), row[i]);
            sum += error;
            squares = Math.fma(error, error, squares);
            largest = Math.max(largest, Math.abs(error));
            clipped += position < grid.low() || position > grid.high() ? 1 : 0;
        }
        return new Errors(sum, squares, largest, clipped);
    }

    @Override
    public void codes(float[] row, int from, int to, UniformGrid grid, byte[] into) {
        float inverse = grid.inverse();
        for (int i = from; i < to; i++) {
            into[i] = (byte) (grid.level(row[i], inverse) - grid.low());
        }
    }
}
