package dev.quantreel.engines.cache;

import dev.quantreel.engines.tensor.Tensor;

/// The state of a [StepCache] in one branch of one generation. Not thread-safe.
///
/// Per step: [#reuses] once, then [#computed] if it said no, or [#reuse] if it said yes. What input and output are is a
/// matter of [StepCache#reach]: tokens around the blocks, or latent and output of the whole model.
public interface CacheTracker {

    /// @param step ascending from 0, every step
    /// @param watched what [StepCache#watched] names, F32
    /// @return whether this step reuses what was computed last
    boolean reuses(int step, Tensor watched);

    /// Remembers what was computed. Whoever needs the tensors later reads them now: they may be discarded afterwards
    /// where an engine holds them.
    ///
    /// @param input F32
    /// @param output F32, same shape
    void computed(Tensor input, Tensor output);

    /// The output as if it differed from the input as it did last.
    ///
    /// @param input F32
    Tensor reuse(Tensor input);
}
