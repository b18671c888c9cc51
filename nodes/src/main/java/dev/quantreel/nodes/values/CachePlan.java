package dev.quantreel.nodes.values;

import dev.quantreel.engines.cache.EasyCache;
import dev.quantreel.engines.cache.FirstBlockCache;
import dev.quantreel.engines.cache.MagCache;
import dev.quantreel.engines.cache.MagCacheProfile;
import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.cache.SignalEstimate;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.nodes.spi.Socket;
import java.util.Optional;

/// A step cache whose settings may be left to the model: 0 and empty values stand for what its authors, or those of the
/// cache, recommend.
@Socket("STEP_CACHE")
public sealed interface CachePlan {

    /// How much higher recommended thresholds on measured activations are when those are quantized, whose noise looks
    /// like change (ParaAttention's advice).
    double NOISE_ALLOWANCE = 1.5;

    /// The cache for a generation.
    ///
    /// @throws IllegalArgumentException when nothing is known of the model that this cache needs
    StepCache resolve(Target target);

    /// Name for people.
    String title();

    /// What is going to be sampled.
    ///
    /// @param steps sampler steps
    /// @param quantized whether the activations are quantized
    record Target(TransformerFacts facts, LatentSize size, int steps, boolean quantized) {

        private TeaCacheProfile.Model model() {
            return facts.forStepCaches(size);
        }

        private boolean isHunyuan() {
            return facts.family().startsWith("hunyuan");
        }

        private double allowance() {
            return quantized ? NOISE_ALLOWANCE : 1;
        }
    }

    /// TeaCache.
    ///
    /// @param estimate the polynomial; empty chooses by the model
    /// @param retention with the chosen polynomial: watch the time projection and keep the first steps
    record Tea(Optional<SignalEstimate> estimate, boolean retention, double threshold, StepWindow window)
            implements CachePlan {

        @Override
        public String title() {
            return "TeaCache";
        }

        @Override
        public StepCache resolve(Target target) {
            SignalEstimate chosen = estimate.orElseGet(() -> TeaCacheProfile.of(target.model(), retention));
            return new TeaCache(chosen, threshold == 0 ? chosen.thresholds().getFirst() : threshold, window);
        }
    }

    /// MagCache.
    ///
    /// @param ratios calibrated; empty takes those published for the model
    record Mag(Optional<MagnitudeRatios> ratios, double threshold, int longestRun, double retention)
            implements CachePlan {

        private static final double USUAL_THRESHOLD = 0.12;
        private static final int USUAL_RUN = 2;

        @Override
        public String title() {
            return "MagCache";
        }

        @Override
        public StepCache resolve(Target target) {
            Optional<MagCacheProfile> profile = MagCacheProfile.of(target.model());
            MagnitudeRatios chosen = ratios.or(() -> profile.map(MagCacheProfile::ratios))
                    .orElseThrow(
                            () -> new IllegalArgumentException(
                                    "MagCache has no published ratios for "
                                            + target.facts().variant()
                                            + "; connect Calibrate MagCache, which takes its ratios from one run, instead of MagCache"));
            double usual = profile.map(MagCacheProfile::threshold).orElse(USUAL_THRESHOLD);
            int run = profile.map(MagCacheProfile::longestRun).orElse(USUAL_RUN);
            return new MagCache(
                    chosen, threshold == 0 ? usual : threshold, longestRun == 0 ? run : longestRun, retention);
        }
    }

    /// EasyCache; its authors' first steps are counted at 50 steps.
    record Easy(double threshold, int retainedSteps) implements CachePlan {

        private static final double OF_HUNYUAN = 0.025;
        private static final double OF_OTHERS = 0.05;

        @Override
        public String title() {
            return "EasyCache";
        }

        @Override
        public StepCache resolve(Target target) {
            double usual = (target.isHunyuan() ? OF_HUNYUAN : OF_OTHERS) * target.allowance();
            long kept = Math.max(2, Math.round(target.steps() * (target.isHunyuan() ? 0.1 : 0.2)));
            return new EasyCache(threshold == 0 ? usual : threshold, retainedSteps == 0 ? (int) kept : retainedSteps);
        }
    }

    /// First-block cache.
    record FirstBlock(double threshold, int longestRun, StepWindow window) implements CachePlan {

        private static final double OF_HUNYUAN = 0.06;
        private static final double OF_OTHERS = 0.08;

        @Override
        public String title() {
            return "FBCache";
        }

        @Override
        public StepCache resolve(Target target) {
            double usual = (target.isHunyuan() ? OF_HUNYUAN : OF_OTHERS) * target.allowance();
            return new FirstBlockCache(threshold == 0 ? usual : threshold, longestRun, window);
        }
    }

    /// Skips nothing and writes down what caches could decide by.
    record Observing() implements CachePlan {

        @Override
        public String title() {
            return "observed";
        }

        @Override
        public StepCache resolve(Target target) {
            return new Observation();
        }
    }
}
