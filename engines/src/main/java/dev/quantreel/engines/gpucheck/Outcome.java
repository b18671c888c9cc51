package dev.quantreel.engines.gpucheck;

/// What became of a claim.
public enum Outcome {
    /// It holds, or was measured and there is no bound to hold.
    OK,
    /// It does not hold, or the measurement broke.
    FAILED,
    /// It was not measured, for a reason.
    SKIPPED
}
