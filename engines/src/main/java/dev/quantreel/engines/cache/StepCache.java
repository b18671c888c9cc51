package dev.quantreel.engines.cache;

/// Decides at each step whether the transformer blocks run or their last change of the tokens is applied again.
/// Immutable; safe to share.
public sealed interface StepCache permits StepCache.None, TeaCache {

    /// Begins one branch of a generation; the branches of classifier-free guidance never share a tracker.
    ///
    /// @param steps sampler steps, at least 1
    CacheTracker start(int steps);

    /// What [CacheTracker#reuses] is to be shown.
    Watched watched();

    /// A signal that predicts how much the model output will change.
    enum Watched {
        /// "e" in Wan's code: depends on the timestep alone.
        TIME_EMBEDDING,
        /// "e0" in Wan's code, six vectors: what the retention mode watches.
        TIME_PROJECTION,
        /// Input of block 0 after norm, shift and scale: depends on the latent too.
        MODULATED_INPUT
    }

    /// Runs every step.
    record None() implements StepCache {

        @Override
        public CacheTracker start(int steps) {
            return new CacheTracker() {
                @Override
                protected boolean decide(int step, double relativeL1) {
                    return false;
                }
            };
        }

        @Override
        public Watched watched() {
            return Watched.TIME_EMBEDDING;
        }
    }
}
