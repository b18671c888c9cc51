package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/// Follows a model from noise to a clean latent by the settings' [Solver].
///
/// Holds no state between generations; solver, caches and bit schedules begin anew at each [#sample]. As thread-safe as
/// its model.
///
/// @param model the transformer, bound to its conditioning
/// @param settings steps, guidance, noise levels, solver
/// @param bits activation bits per step; of no effect on a full-precision model
/// @param cache which steps are skipped
public record FlowSampler(SplitModel model, SamplerSettings settings, BitSchedule bits, StepCache cache) {

    private static final int LATENT_RANK = 5;

    /// A finished generation.
    ///
    /// @param latent F32, shaped as the noise
    public record Sampled(Tensor latent, SamplingTrace trace) {}

    /// Where a generation begins.
    ///
    /// @param latent at the first level, F32 `[1, channels, frames, height, width]`; not modified
    /// @param levels the settings' [SamplerSettings#levels], or a [NoiseLevels#section] of them
    /// @param fresh asked by solvers that add noise again
    /// @param known frames that are given
    public record Start(Tensor latent, NoiseLevels levels, NoiseSource fresh, Optional<KnownFrames> known) {

        public Start {
            if (latent.dtype() != DType.F32 || latent.shape().rank() != LATENT_RANK) {
                throw new IllegalArgumentException("the initial latent is " + latent.dtype() + latent.shape()
                        + ", expected F32[1 x C x T x H x W]");
            }
        }
    }

    /// Generates all steps from noise.
    ///
    /// @param noise the latent at level 1, F32 `[1, channels, frames, height, width]`; not modified
    /// @throws java.util.concurrent.CancellationException when cancelled, within one pass of the model
    /// @throws SamplingException when the model puts out NaN or infinities
    public Sampled sample(Tensor noise, SamplingListener listener, CancellationToken cancellation) {
        return sample(
                new Start(noise, settings.levels(), TorchNoise.source(0), Optional.empty()), listener, cancellation);
    }

    /// Generates from where it is told to start.
    ///
    /// @throws java.util.concurrent.CancellationException when cancelled, within one pass of the model
    /// @throws SamplingException when the model puts out NaN or infinities
    public Sampled sample(Start start, SamplingListener listener, CancellationToken cancellation) {
        Expert only = new Expert(() -> model, Guidance.serial(settings.cfg()), bits, cache, 0);
        return new ExpertSampler(List.of(only), settings.solver()).sample(start, listener, cancellation);
    }
}
