package dev.quantreel.engines.schedule;

import java.util.List;

/// The state of a [BitSchedule] by block, in one branch of one generation and one call of a solver's step. Not
/// thread-safe.
///
/// At a step whose blocks run the sampler asks [#bits], then reports [#observed]; at others it reports [#skipped].
public interface BlockTracker {

    /// Bits of the activations of every block.
    ///
    /// @param blocks how many, always the same
    List<Integer> bits(int step, int blocks);

    /// Reports how much every block's contribution to the tokens changed since it last ran.
    ///
    /// @param step the step whose blocks just ran; not the first that ran
    /// @param relativeL1 ‖r_t − r_s‖₁ / ‖r_s‖₁ by block, of what it added to the tokens at this and the last step
    /// that it ran
    void observed(int step, List<Double> relativeL1);

    /// A step cache answered for this branch.
    default void skipped(int step) {}

    /// This step ran at the most bits of the schedule although [#bits] said fewer.
    default void raised(int step) {}
}
