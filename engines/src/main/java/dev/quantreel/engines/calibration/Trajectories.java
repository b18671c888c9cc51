package dev.quantreel.engines.calibration;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Shape;
import java.util.List;

/// The generations that a model is watched at.
///
/// @param prompts lead them in turn
/// @param settings steps, guidance, noise levels
/// @param latent shape of the noise, `[1, channels, frames, height, width]`
/// @param count how many
/// @param seed of the first noise, one more for each that follows
public record Trajectories(List<Prompt> prompts, SamplerSettings settings, Shape latent, int count, long seed) {

    /// What leads one generation.
    ///
    /// @param unconditional the empty prompt, for guidance
    public record Prompt(BranchConditioning conditional, BranchConditioning unconditional) {}

    public Trajectories {
        prompts = List.copyOf(prompts);
        if (prompts.isEmpty() || count < 1) {
            throw new IllegalArgumentException(
                    "statistics take at least one prompt and one trajectory, got " + prompts.size() + " and " + count);
        }
    }

    /// Runs one of them.
    ///
    /// @param transformer in whatever precision, opened with the probe that watches
    /// @param index from 0 below [#count]
    public void generate(
            DiffusionTransformer transformer, int index, SamplingListener listener, CancellationToken cancellation) {
        Prompt prompt = prompts.get(index % prompts.size());
        new FlowSampler(
                        transformer.bind(prompt.conditional(), prompt.unconditional()),
                        settings,
                        new Constant(8),
                        new StepCache.None())
                .sample(TorchNoise.gaussian(seed + index, latent), listener, cancellation);
    }
}
