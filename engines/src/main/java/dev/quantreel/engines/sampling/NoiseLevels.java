package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// The noise levels that one generation passes through: step i goes from level i to level i + 1.
///
/// @param sigmas noise level at the start of each step, descending, and at the end of the last: one more than steps
/// @param timesteps the model's time input at each step
/// @param prediction how noise and clean latent mix at a level
public record NoiseLevels(List<Double> sigmas, List<Float> timesteps, Prediction prediction) {

    public NoiseLevels {
        sigmas = List.copyOf(sigmas);
        timesteps = List.copyOf(timesteps);
        if (timesteps.isEmpty() || sigmas.size() != timesteps.size() + 1) {
            throw new IllegalArgumentException(sigmas.size() + " noise levels do not belong to " + timesteps.size()
                    + " steps, expected one more than steps, and a step at least");
        }
    }

    public int steps() {
        return timesteps.size();
    }

    public double sigma(int level) {
        return sigmas.get(level);
    }

    public float timestep(int step) {
        return timesteps.get(step);
    }

    /// Share of the clean latent.
    public double alpha(int level) {
        return prediction.alpha(sigma(level));
    }

    /// ln(α / σ): half the logarithm of the signal-to-noise ratio; infinite at both ends.
    public double lambda(int level) {
        return Math.log(alpha(level)) - Math.log(sigma(level));
    }

    /// A latent at the first level.
    ///
    /// @param clean F32 latent to start from
    /// @param noise standard normal, same shape
    public Tensor noised(Tensor clean, Tensor noise) {
        return WeightedSum.of(sigma(0), noise).plus(alpha(0), clean).tensor();
    }

    /// A part of the steps, as ComfyUI's advanced sampler runs them.
    ///
    /// @param first step to begin with
    /// @param end step not to run any more; more than there are means all
    /// @param leftover whether noise is left at the end of an early end; otherwise the last step goes all the way
    /// @throws IllegalArgumentException when no step is left
    public NoiseLevels section(int first, int end, boolean leftover) {
        int last = Math.min(end, steps());
        if (first < 0 || first >= last) {
            throw new IllegalArgumentException(
                    "steps " + first + " to " + end + " are none of the " + steps() + " steps there are");
        }
        List<Double> levels = new ArrayList<>(sigmas.subList(first, last + 1));
        if (!leftover) {
            levels.set(levels.size() - 1, 0.0);
        }
        return new NoiseLevels(levels, timesteps.subList(first, last), prediction);
    }
}
