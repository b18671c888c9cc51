package dev.quantreel.engines.checkpoint;

/// Figures of the weights of one tensor, as they decide how well it can be quantized. Exact for BF16, within one
/// per cent
/// for other types.
///
/// @param count finite values
/// @param mean of them
/// @param deviation standard deviation
/// @param tails what lies far out
public record TensorStatistics(long count, double mean, double deviation, Tails tails) {

    /// @param absmax largest magnitude
    /// @param kurtosis fourth standardized moment; 3 for a Gaussian
    /// @param outlierRatio share of values more than six standard deviations off the mean
    /// @param zeroRatio share of zeros
    public record Tails(double absmax, double kurtosis, double outlierRatio, double zeroRatio) {}
}
