package dev.quantreel.engines.quant;

/// Sums over the weights of some rows; added up in row order, so that the figures do not depend on threads.
final class RowStatistics {

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
        measureMinMax(row, row.length, minMax);
    }

    void measure(float[] row, int columns, Grid grid, Grid minMax) {
        moments(row, columns);
        float inverse = grid.inverse();
        float reach = 0.5f;
        float below = -grid.zeroPoint() - reach;
        float above = grid.maxCode() - grid.zeroPoint() + reach;
        for (int i = 0; i < columns; i++) {
            double error = row[i] - grid.step() * grid.level(row[i], inverse);
            errorSum += error;
            errorSquares += error * error;
            maxError = Math.max(maxError, Math.abs(error));
            float position = row[i] * inverse;
            clipped += position < below || position > above ? 1 : 0;
        }
        measureMinMax(row, columns, minMax);
    }

    private void measureMinMax(float[] row, int columns, Grid minMax) {
        float minMaxInverse = minMax.inverse();
        for (int i = 0; i < columns; i++) {
            double error = row[i] - minMax.step() * minMax.level(row[i], minMaxInverse);
            minMaxSum += error;
            minMaxSquares += error * error;
        }
    }

    private void moments(float[] row, int columns) {
        double squares = 0;
        double cubes = 0;
        double fourths = 0;
        double total = 0;
        float rowMax = 0;
        for (int i = 0; i < columns; i++) {
            double w = row[i];
            double square = w * w;
            total += w;
            squares += square;
            cubes += square * w;
            fourths += square * square;
            rowMax = Math.max(rowMax, Math.abs(row[i]));
        }
        count += columns;
        sum += total;
        sumSquares += squares;
        sumCubes += cubes;
        sumFourths += fourths;
        maxWeight = Math.max(maxWeight, rowMax);
        if (squares > 0) {
            incoherence = Math.max(incoherence, rowMax * Math.sqrt(columns / squares));
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
