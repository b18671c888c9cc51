package dev.quantreel.engines.cache;

import dev.quantreel.engines.tensor.Tensor;

/// MagCache (Ma et al., 2025, arXiv 2506.09045): skips the blocks while the magnitude of what they would change, known
/// from one calibrated run, has moved little.
///
/// The product of the ratios since the last computed step is how much the reused change is off; the sum of those errors
/// stays below a threshold, and no run of skipped steps is longer than allowed. The first steps are computed.
///
/// @param ratios calibrated, per branch and step
/// @param threshold summed error that calls for a computed step; 0 computes every step
/// @param longestRun most steps in a row that are skipped, at least 1
/// @param retention fraction of the steps at the beginning that is computed, 0 to 1; rounded down to whole steps, at
/// least one
public record MagCache(MagnitudeRatios ratios, double threshold, int longestRun, double retention)
        implements StepCache {

    /// What the paper retains of most models.
    public static final double USUAL_RETENTION = 0.2;

    public MagCache {
        if (!(threshold >= 0)) {
            throw new IllegalArgumentException("the MagCache threshold is " + threshold + ", expected 0 or more");
        }
        if (longestRun < 1) {
            throw new IllegalArgumentException("the longest run is " + longestRun + " steps, expected at least 1");
        }
        if (!(retention >= 0 && retention <= 1)) {
            throw new IllegalArgumentException("the retention is " + retention + ", expected 0 to 1");
        }
    }

    /// A profile's ratios with its usual settings.
    public static MagCache of(MagCacheProfile profile) {
        return new MagCache(profile.ratios(), profile.threshold(), profile.longestRun(), USUAL_RETENTION);
    }

    @Override
    public Watched watched() {
        return Watched.NOTHING;
    }

    @Override
    public String title() {
        return "MagCache";
    }

    @Override
    public CacheTracker start(int steps) {
        return new Tracker(MagnitudeRatios.resampled(ratios.conditional(), steps));
    }

    @Override
    public CacheTracker startUnconditional(int steps) {
        return new Tracker(MagnitudeRatios.resampled(ratios.unconditional(), steps));
    }

    private final class Tracker extends ResidualTracker {

        private final double[] curve;
        private double product = 1;
        private double error;
        private int run;

        Tracker(double[] curve) {
            this.curve = curve;
        }

        @Override
        public boolean reuses(int step, Tensor watched) {
            if (step >= Math.max(1, (int) (curve.length * retention)) && isFilled()) {
                product *= curve[step];
                error += Math.abs(1 - product);
                run++;
                if (error < threshold && run <= longestRun) {
                    return true;
                }
            }
            product = 1;
            error = 0;
            run = 0;
            return false;
        }
    }
}
