package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;

/// What the output of a model means, and with it how noise and clean latent are mixed: x = α·clean + σ·noise.
///
/// Flow models have α = 1 − σ; V and EPSILON are variance-preserving, α² + σ² = 1, σ = √(1 − ᾱ_t).
public enum Prediction {
    /// v = noise − clean.
    FLOW,
    /// v = α·noise − σ·clean.
    V,
    /// The noise.
    EPSILON;

    /// Share of the clean latent at level `sigma`.
    public double alpha(double sigma) {
        return this == FLOW ? 1 - sigma : Math.sqrt(Math.max(0, 1 - sigma * sigma));
    }

    /// The clean latent that the model sees in `latent`.
    ///
    /// @param latent F32, at level `sigma`
    /// @param output the model's answer, same shape
    public Tensor clean(Tensor latent, Tensor output, double sigma) {
        double alpha = alpha(sigma);
        return switch (this) {
            case FLOW -> WeightedSum.of(1, latent).plus(-sigma, output).tensor();
            case V -> WeightedSum.of(alpha, latent).plus(-sigma, output).tensor();
            case EPSILON ->
                WeightedSum.of(1 / alpha, latent).plus(-sigma / alpha, output).tensor();
        };
    }
}
