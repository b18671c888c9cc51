package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels.GridFit;
import dev.quantreel.engines.internal.kernel.LevelKernels;
import dev.quantreel.engines.internal.kernel.RowKernels;
import dev.quantreel.engines.internal.kernel.RowKernels.Errors;
import dev.quantreel.engines.internal.kernel.RowKernels.Moments;

/// Sums over the weights of some rows; added up in row order, so that the figures do not depend on threads.
final class RowStatistics {

    private static final RowKernels KERNELS = RowKernels.best();

    private double count;
    private double sum;
    private double sumSquares;
    private double sumCubes;
    private double sumFourths;
    private double errorSum;
    private double errorSquares;
    private double minMaxSum;
    private double minMaxSquares;
    private double maxError;
    private double maxWeight;
    private double clipped;
    private double incoherence;

    /// @param codes what became of the row on its grids
    void measure(float[] row, RowGrid grid, byte[] codes, Grid minMax) {
        moments(row, row.length);
        for (int group = 0; group < grid.groups(); group++) {
            int from = group * grid.groupSize();
            int to = from + grid.groupSize();
            switch (grid.values()) {
                case CodeValues.Integers() -> add(KERNELS.errors(row, from, to, grid.uniform(group), codes));
                case CodeValues.Fractions _ ->
                    add(LevelKernels.best().errors(row, from, to, grid.fractional(group), codes));
                case CodeValues.Table _ -> measureGroup(row, grid, codes, group);
            }
        }
        measureMinMax(row, minMax);
    }

    private void measureGroup(float[] row, RowGrid grid, byte[] codes, int group) {
        float[] values = grid.values(group);
        int last = values.length - 1;
        float below = values[0] - (values[1] - values[0]) / 2;
        float above = values[last] + (values[last] - values[last - 1]) / 2;
        for (int i = group * grid.groupSize(); i < (group + 1) * grid.groupSize(); i++) {
            double error = row[i] - values[codes[i] & 0xFF];
            errorSum += error;
            errorSquares += error * error;
            maxError = Math.max(maxError, Math.abs(error));
            clipped += row[i] < below || row[i] > above ? 1 : 0;
        }
    }

    /// Adds a row and its nearest codes on one grid.
    void measure(float[] row, Grid grid, Grid minMax) {
        moments(row, row.length);
        byte[] codes = new byte[row.length];
        KERNELS.codes(row, 0, row.length, grid.uniform(), codes);
        add(KERNELS.errors(row, 0, row.length, grid.uniform(), codes));
        measureMinMax(row, minMax);
    }

    private void add(Errors errors) {
        errorSum += errors.sum();
        errorSquares += errors.squares();
        maxError = Math.max(maxError, errors.largest());
        clipped += errors.clipped();
    }

    private void measureMinMax(float[] row, Grid minMax) {
        GridFit plain = GridSearchKernels.best().fit(row, 0, row.length, minMax.uniform());
        minMaxSum += plain.errors();
        minMaxSquares += plain.squaredError();
    }

    /// Powers of the weights over their largest, which stay in the range of floats, scaled back.
    private void moments(float[] row, int columns) {
        count += columns;
        double reach = KERNELS.range(row, 0, columns).reach();
        if (reach == 0) {
            return;
        }
        float scale = (float) Math.min(1 / reach, Float.MAX_VALUE);
        Moments moments = KERNELS.moments(row, 0, columns, scale);
        double unit = 1 / (double) scale;
        double squares = moments.squares() * unit * unit;
        sum += moments.sum() * unit;
        sumSquares += squares;
        sumCubes += moments.cubes() * unit * unit * unit;
        sumFourths += moments.fourths() * unit * unit * unit * unit;
        maxWeight = Math.max(maxWeight, reach);
        if (squares > 0) {
            incoherence = Math.max(incoherence, reach * Math.sqrt(columns / squares));
        }
    }

    void add(RowStatistics other) {
        count += other.count;
        sum += other.sum;
        sumSquares += other.sumSquares;
        sumCubes += other.sumCubes;
        sumFourths += other.sumFourths;
        errorSum += other.errorSum;
        errorSquares += other.errorSquares;
        minMaxSum += other.minMaxSum;
        minMaxSquares += other.minMaxSquares;
        maxError = Math.max(maxError, other.maxError);
        maxWeight = Math.max(maxWeight, other.maxWeight);
        clipped += other.clipped;
        incoherence = Math.max(incoherence, other.incoherence);
    }

    QuantizationError error() {
        double mean = sum / count;
        double variance = sumSquares / count - mean * mean;
        double fourth = sumFourths / count
                - 4 * mean * sumCubes / count
                + 6 * mean * mean * sumSquares / count
                - 3 * mean * mean * mean * mean;
        double mse = errorSquares / count;
        return new QuantizationError(
                mse,
                variance > 0 ? mse / variance : 0,
                deviation(errorSum, errorSquares),
                deviation(minMaxSum, minMaxSquares),
                maxError,
                clipped / count,
                variance > 0 ? fourth / (variance * variance) : 0,
                sumSquares > 0 ? maxWeight / Math.sqrt(sumSquares / count) : 0,
                incoherence);
    }

    private double deviation(double total, double squares) {
        double average = total / count;
        return Math.sqrt(Math.max(0, squares / count - average * average));
    }
}
