package dev.quantreel.engines.metrics;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;

/// What the values of a latent are like: a generation that collapses leaves the mean and the spread of full
/// precision's long before its pictures are looked at.
///
/// @param mean of the finite values; NaN when there are none
/// @param std population standard deviation of the finite values; NaN when there are none
/// @param notFinite values that are NaN or infinite
public record LatentStatistics(double mean, double std, long notFinite) {

    /// @param latent F32 of any shape
    /// @throws IllegalArgumentException when it has another type
    public static LatentStatistics of(Tensor latent) {
        if (latent.dtype() != DType.F32) {
            throw new IllegalArgumentException("expected an F32 tensor, got " + latent.dtype() + latent.shape());
        }
        double sum = 0;
        long finite = 0;
        for (long i = 0; i < latent.elements(); i++) {
            float value = latent.data().get(Tensor.FLOAT, Float.BYTES * i);
            if (Float.isFinite(value)) {
                sum += value;
                finite++;
            }
        }
        double mean = sum / finite;
        double squares = 0;
        for (long i = 0; i < latent.elements(); i++) {
            float value = latent.data().get(Tensor.FLOAT, Float.BYTES * i);
            if (Float.isFinite(value)) {
                squares += (value - mean) * (value - mean);
            }
        }
        return new LatentStatistics(mean, Math.sqrt(squares / finite), latent.elements() - finite);
    }
}
