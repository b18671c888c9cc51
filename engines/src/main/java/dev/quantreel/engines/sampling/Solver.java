package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Locale;

/// The numerical method that follows the model from noise to a clean latent. A value: what it remembers of earlier
/// steps lives in a [Run], one per generation.
///
/// Every method here evaluates the model once a step, so that bit schedules and step caches see each step once.
public interface Solver {

    /// Names that [#named] knows, the usual one first. Those that ComfyUI has mean the same as there.
    List<String> NAMES = List.of("euler", "uni_pc", "uni_pc_bh2", "dpmpp_2m", "lcm", "ddim", "wan_unipc", "wan_dpmpp");

    /// Begins a generation.
    ///
    /// @param levels all noise levels
    /// @param noise asked by methods that add noise again
    Run start(NoiseLevels levels, NoiseSource noise);

    /// The state of one generation. Not thread-safe.
    interface Run {

        /// Moves the latent from level `step` to level `step + 1`.
        ///
        /// @param step ascending from 0, every step
        /// @param at the latent and what the model said
        /// @return F32, shaped as the latent
        Tensor next(int step, Evaluation at);
    }

    /// One evaluation of the model.
    ///
    /// @param latent what the model saw, F32 `[1, channels, frames, height, width]`
    /// @param output its guided answer, same shape
    /// @param clean the clean latent that follows from both, see [Prediction#clean]
    record Evaluation(Tensor latent, Tensor output, Tensor clean) {}

    /// The method called `name` in workflows.
    ///
    /// @throws IllegalArgumentException when there is none; the message lists all
    static Solver named(String name) {
        return switch (name) {
            case "euler", "ddim" -> new Euler();
            case "uni_pc" -> Multistep.uniPcOfComfyUi(Multistep.Step.BH1);
            case "uni_pc_bh2" -> Multistep.uniPcOfComfyUi(Multistep.Step.BH2);
            case "dpmpp_2m" -> Multistep.dpmPlusPlus2m(Multistep.Form.VARIANCE_EXPLODING);
            case "lcm" -> new Lcm();
            case "wan_unipc" -> Multistep.uniPcOfWan();
            case "wan_dpmpp" -> Multistep.dpmPlusPlus2m(Multistep.Form.NATIVE);
            default ->
                throw new IllegalArgumentException(
                        String.format(Locale.ROOT, "no sampler '%s'; there are %s", name, String.join(", ", NAMES)));
        };
    }
}
