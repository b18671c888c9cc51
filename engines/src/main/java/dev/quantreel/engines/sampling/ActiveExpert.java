package dev.quantreel.engines.sampling;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The expert at work: opens each when its first step comes, and releases the one before. Not thread-safe.
final class ActiveExpert implements AutoCloseable {

    private final List<Expert> experts;
    private final List<Float> timesteps;
    private @Nullable Expert expert;
    private @Nullable GuidedModel guided;

    /// @param experts in the order in which the noise falls; the last runs to the end
    /// @param timesteps of all steps
    ActiveExpert(List<Expert> experts, List<Float> timesteps) {
        this.experts = experts;
        this.timesteps = timesteps;
    }

    /// The model that runs at a timestep, with the guidance and the state of its generation.
    GuidedModel at(float timestep) {
        Expert wanted = Expert.at(timestep, experts);
        GuidedModel current = guided;
        if (current != null && wanted == expert) {
            return current;
        }
        close();
        SplitModel model = wanted.model().open();
        List<Float> own = timesteps.stream()
                .filter(step -> Expert.at(step, experts) == wanted)
                .toList();
        model.schedule(timesteps, own);
        GuidedModel next = new GuidedModel(model, wanted, timesteps.size());
        if (current != null) {
            next.follows(current);
        }
        expert = wanted;
        guided = next;
        return next;
    }

    @Override
    public void close() {
        Expert last = expert;
        if (last != null) {
            last.model().release();
        }
        expert = null;
        guided = null;
    }
}
