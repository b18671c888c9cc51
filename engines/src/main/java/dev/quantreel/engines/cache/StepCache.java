package dev.quantreel.engines.cache;

import dev.quantreel.engines.tensor.Tensor;

/// Decides at each step whether the transformer runs or what it changed last is applied again. Immutable; safe to
/// share.
public sealed interface StepCache permits EasyCache, FirstBlockCache, MagCache, Observation, StepCache.None, TeaCache {

    /// Begins the conditional branch of a generation; the branches of classifier-free guidance never share a tracker.
    ///
    /// @param steps sampler steps, at least 1
    CacheTracker start(int steps);

    /// Begins the unconditional branch of a generation.
    ///
    /// @param steps sampler steps, at least 1
    default CacheTracker startUnconditional(int steps) {
        return start(steps);
    }

    /// What [CacheTracker#reuses] is to be shown.
    Watched watched();

    /// How much of the model a skipped step leaves out.
    default Reach reach() {
        return Reach.BLOCKS;
    }

    /// Name for people.
    String title();

    /// A signal that predicts how much the model output will change.
    enum Watched {
        /// "e" in Wan's code: depends on the timestep alone.
        TIME_EMBEDDING,
        /// "e0" in Wan's code, six vectors: what the retention mode watches.
        TIME_PROJECTION,
        /// Input of block 0 after norm, shift and scale: depends on the latent too.
        MODULATED_INPUT,
        /// What block 0 changed.
        FIRST_BLOCK,
        /// The latent that the model sees.
        LATENT,
        /// The number of the step is enough.
        NOTHING
    }

    /// What a skipped step leaves out.
    enum Reach {
        /// All blocks; input and output are the tokens before and after them.
        BLOCKS,
        /// All blocks but the first; input and output are the tokens after the first and the last block.
        LATER_BLOCKS,
        /// The whole model; input and output are the latent and the model's answer. The conditional branch decides for
        /// both.
        MODEL
    }

    /// Runs every step.
    record None() implements StepCache {

        @Override
        public CacheTracker start(int steps) {
            return new CacheTracker() {
                @Override
                public boolean reuses(int step, Tensor watched) {
                    return false;
                }

                @Override
                public void computed(Tensor input, Tensor output) {
                    // Nothing is ever reused.
                }

                @Override
                public Tensor reuse(Tensor input) {
                    throw new IllegalStateException("nothing is ever reused");
                }
            };
        }

        @Override
        public Watched watched() {
            return Watched.NOTHING;
        }

        @Override
        public String title() {
            return "no cache";
        }
    }
}
