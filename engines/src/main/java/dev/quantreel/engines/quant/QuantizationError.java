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

    /// Of a matrix whose figures are not at hand: no number is one.
    public static final QuantizationError UNKNOWN = new QuantizationError(
            Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    /// Number of components.
    public static final int FIGURES = QuantizationError.class.getRecordComponents().length;

    /// By how much the error's standard deviation is smaller than that of row-wise MinMax, 0.2 for 20 %.
    public double stdReduction() {
        return minMaxErrorStd == 0 ? 0 : 1 - errorStd / minMaxErrorStd;
    }

    /// The components in their order, as files and the wire have them.
    public double[] figures() {
        return new double[] {
            mse, relativeMse, errorStd, minMaxErrorStd, maxError, clippedFraction, kurtosis, crestFactor, incoherence
        };
    }

    /// @param figures as [#figures] gives them
    public static QuantizationError ofFigures(double[] figures) {
        if (figures.length != FIGURES) {
            throw new IllegalArgumentException(
                    "there are " + figures.length + " figures of a quantization error; it has " + FIGURES);
        }
        return new QuantizationError(
                figures[0],
                figures[1],
                figures[2],
                figures[3],
                figures[4],
                figures[5],
                figures[6],
                figures[7],
                figures[8]);
    }
}
