package dev.quantreel.engines.quant;

import java.util.List;

/// Where statistics of activations come from. None of them is a data set: the model makes its own inputs, by generating
/// in full precision out of noise.
public sealed interface StatisticsPlan {

    /// No statistics; methods that need them refuse.
    record None() implements StatisticsPlan {}

    /// Trajectories of the model itself.
    ///
    /// @param captions prompts that lead them in turn; one empty text where nothing is known of the model's prompts
    /// @param trajectories how many
    /// @param steps sampler steps of each
    /// @param seed of the noise
    record SelfGenerated(List<String> captions, int trajectories, int steps, long seed) implements StatisticsPlan {
        public SelfGenerated {
            captions = List.copyOf(captions);
            if (captions.isEmpty() || trajectories < 1 || steps < 1) {
                throw new IllegalArgumentException(
                        "self-generated statistics take at least one caption (may be empty), trajectory and step, got "
                                + captions.size() + " captions, " + trajectories + " trajectories, " + steps
                                + " steps");
            }
        }
    }
}
