package dev.quantreel.engines.cache;

import dev.quantreel.engines.internal.kernel.ReductionKernels;
import dev.quantreel.engines.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// EasyCache (Zhou et al., 2025, arXiv 2507.02860): skips the whole model while the change of its output, predicted
/// from the change of the latent, stays small. Needs no calibration.
///
/// The rate at which the output follows the latent is measured between the last two computed steps. The conditional
/// branch decides for both. The first steps and the last one are computed.
///
/// @param threshold summed relative change that calls for a computed step; 0 computes every step
/// @param retainedSteps first steps that are computed, at least 2, for a rate takes two
public record EasyCache(double threshold, int retainedSteps) implements StepCache {

    public EasyCache {
        if (!(threshold >= 0)) {
            throw new IllegalArgumentException("the EasyCache threshold is " + threshold + ", expected 0 or more");
        }
        if (retainedSteps < 2) {
            throw new IllegalArgumentException("retained steps are " + retainedSteps + ", expected at least 2");
        }
    }

    @Override
    public Watched watched() {
        return Watched.LATENT;
    }

    @Override
    public Reach reach() {
        return Reach.MODEL;
    }

    @Override
    public String title() {
        return "EasyCache";
    }

    @Override
    public CacheTracker start(int steps) {
        return new Tracker(steps);
    }

    private final class Tracker extends ResidualTracker {

        private final int steps;
        private @Nullable Tensor previous;
        private @Nullable Tensor computedInput;
        private @Nullable Tensor computedOutput;
        private double rate = Double.NaN;
        private double error;

        Tracker(int steps) {
            this.steps = steps;
        }

        @Override
        public boolean reuses(int step, Tensor latent) {
            Tensor before = previous;
            previous = latent;
            Tensor output = computedOutput;
            boolean forced = step < retainedSteps || step == steps - 1;
            if (forced || before == null || output == null || Double.isNaN(rate)) {
                error = 0;
                return false;
            }
            error += rate * distance(latent, before) / ReductionKernels.best().absSum(output.data());
            if (error < threshold) {
                return true;
            }
            error = 0;
            return false;
        }

        @Override
        public void computed(Tensor input, Tensor output) {
            super.computed(input, output);
            if (computedInput != null && computedOutput != null) {
                double moved = distance(input, computedInput);
                rate = moved == 0 ? Double.NaN : distance(output, computedOutput) / moved;
            }
            computedInput = input;
            computedOutput = output;
        }

        private static double distance(Tensor a, Tensor b) {
            return ReductionKernels.best().absDifferenceSum(a.data(), b.data());
        }
    }
}
