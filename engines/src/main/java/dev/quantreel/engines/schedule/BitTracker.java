package dev.quantreel.engines.schedule;

/// The state of a [BitSchedule] during one generation: made anew for each, never shared. Not thread-safe.
///
/// Per step the sampler first asks [#bits], unless a step cache answers for both branches, then reports [#observed].
public interface BitTracker {

    /// Bits of this step's activations, the same in both branches of classifier-free guidance. Asked at most once a
    /// step, in ascending order.
    int bits(int step);

    /// Reports how much the guided model output changed.
    ///
    /// @param step the step that just ran, 1 at least: step 0 has nothing before it
    /// @param relativeL1 ‖F_t − F_{t−1}‖₁ / ‖F_{t−1}‖₁
    void observed(int step, double relativeL1);

    /// A step cache answered for every branch of this step, so that no block ran.
    default void skipped(int step) {}

    /// This step ran at the most bits of the schedule although [#bits] said fewer.
    default void raised(int step) {}
}
