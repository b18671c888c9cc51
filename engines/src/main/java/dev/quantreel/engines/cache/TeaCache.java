package dev.quantreel.engines.cache;

/// TeaCache (Liu et al., 2024, arXiv 2411.19108): skips the blocks while the estimated change of the output, summed up
/// since the last computed step, stays below a threshold.
///
/// The first and the last step are always computed, in retention mode the first five but not the last; so are steps
/// outside the window.
///
/// @param profile polynomial and watched signal of the model
/// @param threshold summed relative L1 that calls for a computed step; 0 computes every step
/// @param window where steps may be skipped
public record TeaCache(SignalEstimate profile, double threshold, StepWindow window) implements StepCache {

    public TeaCache {
        if (!(threshold >= 0)) {
            throw new IllegalArgumentException("the TeaCache threshold is " + threshold + ", expected 0 or more");
        }
    }

    /// The whole generation, threshold as given.
    public static TeaCache of(SignalEstimate profile, double threshold) {
        return new TeaCache(profile, threshold, StepWindow.ALL);
    }

    /// The whole generation at the profile's usual threshold.
    public static TeaCache of(SignalEstimate profile) {
        return of(profile, profile.thresholds().getFirst());
    }

    @Override
    public Watched watched() {
        return profile.watched();
    }

    @Override
    public String title() {
        return "TeaCache";
    }

    @Override
    public CacheTracker start(int steps) {
        return new Tracker(steps);
    }

    private final class Tracker extends ComparingTracker {

        private final int steps;
        private double sum;

        Tracker(int steps) {
            super(Against.PREVIOUS_STEP);
            this.steps = steps;
        }

        @Override
        boolean decide(int step, double relativeL1) {
            if (isComputedAnyway(step)) {
                sum = 0;
                return false;
            }
            sum += profile.estimate(relativeL1);
            if (sum < threshold) {
                return true;
            }
            sum = 0;
            return false;
        }

        private boolean isComputedAnyway(int step) {
            return step < profile.retainedSteps()
                    || (step == steps - 1 && profile.computesLastStep())
                    || !window.contains(step, steps);
        }
    }
}
