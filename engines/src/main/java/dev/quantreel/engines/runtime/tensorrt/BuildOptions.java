package dev.quantreel.engines.runtime.tensorrt;

import java.time.Duration;

/// How an engine is built. The precision is no option: graphs are strongly typed and say it themselves.
///
/// @param workspaceBytes scratch memory that a tactic may use; 0 leaves it to TensorRT (all there is)
/// @param timeLimit after which the building process is ended
/// @param optimizationLevel 0 (fast build) to 5 (tries most tactics); TensorRT's default is 3
/// @param weights whether the plan holds them
/// @param weightStreaming whether weights may stay in main memory and be brought over while the engine runs; not of
/// stripped plans
public record BuildOptions(
        long workspaceBytes, Duration timeLimit, int optimizationLevel, Weights weights, boolean weightStreaming) {

    /// What a plan holds of the weights.
    public enum Weights {
        /// Everything; the plan runs as it is.
        IN_PLAN,
        /// Everything, and other weights of the same shapes can take their place.
        REFITTABLE,
        /// Nothing but what the optimizer needed: a small plan, filled when it is opened with the very weights
        /// that it was built from (`kSTRIP_PLAN` with `kREFIT_IDENTICAL`, which lets the optimizer fold
        /// and fuse them as if they were in the plan).
        STRIPPED
    }

    /// TensorRT's own choices, an hour at most.
    public static final BuildOptions DEFAULTS = new BuildOptions(0, Duration.ofHours(1), 3, Weights.IN_PLAN, false);

    public BuildOptions {
        if (workspaceBytes < 0) {
            throw new IllegalArgumentException("workspace of " + workspaceBytes + " bytes; 0 or more is accepted");
        }
        if (timeLimit.isNegative() || timeLimit.isZero()) {
            throw new IllegalArgumentException("time limit of " + timeLimit + "; more than nothing is accepted");
        }
        if (optimizationLevel < 0 || optimizationLevel > 5) {
            throw new IllegalArgumentException("optimization level " + optimizationLevel + "; 0 to 5 are accepted");
        }
        if (weights == Weights.STRIPPED && weightStreaming) {
            throw new IllegalArgumentException("stripped plans with streamed weights: NVIDIA documents neither order"
                    + " of filling and streaming; plans that hold their weights can stream them");
        }
    }

    /// What makes two engines of one graph different; the time limit does not.
    String identity() {
        return "workspace=" + workspaceBytes + " level=" + optimizationLevel + " weights=" + weights + " streaming="
                + weightStreaming;
    }
}
