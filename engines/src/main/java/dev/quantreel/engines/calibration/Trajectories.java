package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.sampling.SamplerSettings;
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
}
