package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;

/// Sums over the errors of codes that are not those of the nearest values.
final class RecodingError {

    private double sum;
    private double squares;
    private double largest;

    /// @param codes of the row, from `offset` on
    void measure(Matrix weights, int row, RowGrid grid, byte[] codes, int offset) {
        for (int group = 0; group < grid.groups(); group++) {
            for (int column = group * grid.groupSize(); column < (group + 1) * grid.groupSize(); column++) {
                double error = weights.at(row, column) - grid.valueIn(group, codes[offset + column] & 0xFF);
                sum += error;
                squares += error * error;
                largest = Math.max(largest, Math.abs(error));
            }
        }
    }

    void add(RecodingError other) {
        sum += other.sum;
        squares += other.squares;
        largest = Math.max(largest, other.largest);
    }

    /// The figures, what they say of the weight alone taken from those of the nearest codes.
    QuantizationError of(long count, QuantizationError nearest) {
        double mse = squares / count;
        double mean = sum / count;
        double variance = nearest.relativeMse() > 0 ? nearest.mse() / nearest.relativeMse() : 0;
        return new QuantizationError(
                mse,
                variance > 0 ? mse / variance : 0,
                Math.sqrt(Math.max(0, mse - mean * mean)),
                nearest.minMaxErrorStd(),
                largest,
                nearest.clippedFraction(),
                nearest.kurtosis(),
                nearest.crestFactor(),
                nearest.incoherence());
    }
}
