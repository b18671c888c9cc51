package dev.quantreel.engines.quant;

/// What quantization did to a matrix.
///
/// @param mse mean squared error
/// @param relativeMse mean squared error over the variance of the weights (MSE/σ²)
/// @param errorStd standard deviation of the error
/// @param minMaxErrorStd standard deviation of the error of row-wise MinMax with the same bits
/// @param maxError largest absolute error
/// @param clippedFraction share of weights beyond the ends of their grid
/// @param kurtosis fourth standardised moment of the weights; 3 for a Gaussian
/// @param crestFactor largest absolute weight over the root mean square
/// @param incoherence `max|W| * sqrt(rows * columns) / ‖W‖` per row, worst row: 1 is flat, `sqrt(columns)` one spike
public record QuantizationError(
        double mse,
        double relativeMse,
        double errorStd,
        double minMaxErrorStd,
        double maxError,
        double clippedFraction,
        double kurtosis,
        double crestFactor,
        double incoherence) {

    /// By how much the error's standard deviation is smaller than that of row-wise MinMax, 0.2 for 20 %.
    public double stdReduction() {
        return minMaxErrorStd == 0 ? 0 : 1 - errorStd / minMaxErrorStd;
    }
}
