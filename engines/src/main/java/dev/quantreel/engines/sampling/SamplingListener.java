package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;

/// Follows a generation step by step. Called on the sampling thread, which waits.
public interface SamplingListener {

    /// Hears nothing.
    SamplingListener NONE = new SamplingListener() {};

    /// After the model was evaluated and before the latent moves on.
    ///
    /// @param step from 0
    /// @param sigma noise level of the latent
    /// @param timestep the model's time input
    /// @param latent what the model saw, F32 `[1, channels, frames, height, width]`
    /// @param velocity guided model output, same shape
    default void evaluated(int step, double sigma, float timestep, Tensor latent, Tensor velocity) {}

    /// After a step.
    ///
    /// @param done finished steps, from 1
    /// @param total all steps
    /// @param preview the clean latent as estimated at this step, F32 `[1, channels, frames, height, width]`
    default void stepDone(int done, int total, Tensor preview) {}
}
