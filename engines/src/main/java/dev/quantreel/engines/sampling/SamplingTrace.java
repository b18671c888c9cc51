package dev.quantreel.engines.sampling;

import java.util.List;
import java.util.stream.Stream;

/// What happened during a generation.
///
/// @param steps one record per step
public record SamplingTrace(List<Step> steps) {

    public SamplingTrace {
        steps = List.copyOf(steps);
    }

    /// One step.
    ///
    /// @param index from 0
    /// @param sigma noise level at its start
    /// @param timestep the model's time input
    /// @param activationBits bits asked of the model; 0 where the cache answered for every branch
    /// @param relativeL1 ‖F_t − F_{t−1}‖₁ / ‖F_{t−1}‖₁ of the guided output; NaN at step 0
    /// @param conditional what the cache decided for the conditional branch
    /// @param unconditional the same for the other, [Decision#ABSENT] without guidance
    /// @param elapsed time by phase
    public record Step(
            int index,
            double sigma,
            float timestep,
            int activationBits,
            double relativeL1,
            Decision conditional,
            Decision unconditional,
            Elapsed elapsed) {

        /// Whether the blocks ran in at least one branch.
        public boolean isComputed() {
            return conditional == Decision.COMPUTED || unconditional == Decision.COMPUTED;
        }
    }

    /// What became of the blocks in one branch.
    public enum Decision {
        COMPUTED,
        REUSED,
        ABSENT
    }

    /// Time of one step; both branches together.
    ///
    /// @param samplerNanos guidance, caches, the Euler step: everything but the model
    public record Elapsed(long preludeNanos, long trunkNanos, long headNanos, long samplerNanos) {

        public long totalNanos() {
            return preludeNanos + trunkNanos + headNanos + samplerNanos;
        }
    }

    /// Mean bits over the steps whose blocks ran; NaN when none did.
    public double meanActivationBits() {
        return steps.stream()
                .filter(Step::isComputed)
                .mapToInt(Step::activationBits)
                .average()
                .orElse(Double.NaN);
    }

    /// Passes through the blocks, both branches counted.
    public long trunkPasses() {
        return count(Decision.COMPUTED);
    }

    /// Passes that the cache saved, both branches counted.
    public long reusedPasses() {
        return count(Decision.REUSED);
    }

    /// Changes of the output at steps 1, 2, ...: what δ is tuned on.
    public List<Double> relativeL1Curve() {
        return steps.stream().skip(1).map(Step::relativeL1).toList();
    }

    /// Wall time of all steps.
    public long elapsedNanos() {
        return steps.stream().mapToLong(step -> step.elapsed().totalNanos()).sum();
    }

    private long count(Decision decision) {
        return steps.stream()
                .flatMap(step -> Stream.of(step.conditional(), step.unconditional()))
                .filter(decision::equals)
                .count();
    }
}
