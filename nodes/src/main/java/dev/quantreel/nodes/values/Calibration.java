package dev.quantreel.nodes.values;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/// How a model makes statistics of its own activations.
///
/// @param plan captions, trajectories, steps, seed
/// @param prompts the captions, encoded for the model
/// @param negative the empty prompt
/// @param latent shape of the noise
/// @param cfg strength of guidance
public record Calibration(
        StatisticsPlan.SelfGenerated plan,
        List<BranchConditioning> prompts,
        BranchConditioning negative,
        Shape latent,
        double cfg) {

    public Calibration {
        prompts = List.copyOf(prompts);
    }

    /// Tells calibrations with equal plans apart: size, guidance, and what the encoder made of the captions.
    String key() {
        int[] encodings = prompts.stream()
                .mapToInt(prompt -> Arrays.hashCode(prompt.text().context().toFloatArray()))
                .toArray();
        return "|" + latent + "|" + cfg + "|" + Arrays.toString(encodings);
    }
}
