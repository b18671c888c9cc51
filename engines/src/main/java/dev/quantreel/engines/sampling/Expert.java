package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.schedule.BitSchedule;
import java.util.List;

/// One of the models that share a generation: Wan 2.2 A14B has one for the noisy steps and one for the rest.
///
/// @param model opened when its first step comes
/// @param guidance its classifier-free guidance
/// @param bits activation bits per step, counted over the whole generation; of no effect on a full-precision model
/// @param cache which of its steps are skipped
/// @param leastTimestep it runs while the model's time is this or more, and no expert before it does; 0 to the end
public record Expert(Source model, Guidance guidance, BitSchedule bits, StepCache cache, double leastTimestep) {

    /// Who runs at a timestep.
    ///
    /// @param experts in the order in which the noise falls; the last runs to the end
    public static Expert at(float timestep, List<Expert> experts) {
        return experts.stream()
                .filter(expert -> timestep >= expert.leastTimestep())
                .findFirst()
                .orElse(experts.getLast());
    }

    /// The same model with no cache and other bits, its branches of guidance one after the other.
    ///
    /// @param cfg 1 for the conditional pass alone
    public Expert with(double cfg, BitSchedule newBits) {
        return new Expert(model, Guidance.serial(cfg), newBits, new StepCache.None(), leastTimestep);
    }

    /// Where a model comes from. An expert is released before the next is opened, so that one at a time need be in
    /// memory.
    @FunctionalInterface
    public interface Source {

        /// The model, bound to its conditioning.
        SplitModel open();

        /// The model is not needed any more in this generation.
        default void release() {}
    }
}
