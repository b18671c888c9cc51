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

    void measure(float[] row, int columns, Grid grid, Grid minMax) {
        double rowSquares = 0;
        double rowMax = 0;
        for (int i = 0; i < columns; i++) {
            double w = row[i];
            double square = w * w;
            sum += w;
            sumCubes += square * w;
            sumFourths += square * square;
            rowSquares += square;
            rowMax = Math.max(rowMax, Math.abs(w));
            double error = w - grid.value(grid.code(row[i]));
            errorSum += error;
            errorSquares += error * error;
            maxError = Math.max(maxError, Math.abs(error));
            double base = w - minMax.value(minMax.code(row[i]));
            minMaxSum += base;
            minMaxSquares += base * base;
            float unclamped = grid.unclamped(row[i]);
            clipped += unclamped < 0 || unclamped > grid.maxCode() ? 1 : 0;
        }
        count += columns;
        sumSquares += rowSquares;
        maxWeight = Math.max(maxWeight, rowMax);
        if (rowSquares > 0) {
            incoherence = Math.max(incoherence, rowMax * Math.sqrt(columns / rowSquares));
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
