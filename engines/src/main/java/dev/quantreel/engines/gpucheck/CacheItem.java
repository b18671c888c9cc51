package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.DemoTrunk.Precision;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// A step cache on top of low-bit weights and activations: whole generations of the demo model with and without.
public final class CacheItem implements GpuCheckItem {

    private static final Claim TEACACHE = new Claim(
            "teacache",
            "TeaCache on top of W4A8: a generation of the demo model beside one without it, ratio of times and PSNR");

    private static final double THRESHOLD = 0.1;
    private static final int STEPS = 20;
    private static final int SMALL_STEPS = 3;
    private static final int SIDE = 32;
    private static final int SMALL_SIDE = 2;
    private static final String SCHEDULE = "simple";

    @Override
    public String id() {
        return "cache";
    }

    @Override
    public int order() {
        return 65;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(60);
    }

    @Override
    public List<Claim> claims() {
        return List.of(TEACACHE);
    }

    @Override
    public void prepare(CheckContext context) {
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_CPU);
                DemoTrunk trunk = DemoTrunk.open(engine, context.models(), Precision.W4, SMALL_SIDE)) {
            Sampled sampled = sampled(trunk, SMALL_SIDE, SMALL_STEPS, cache(trunk, SMALL_SIDE));
            context.log().note(SMALL_STEPS + " steps on the processor, " + sampled.reused + " of them reused");
        }
    }

    /// @param reused steps whose blocks did not run
    private record Sampled(Tensor latent, double millis, long reused) {}

    private static StepCache cache(DemoTrunk trunk, int side) {
        LatentSize size = LatentSize.of(trunk.latent(side));
        return TeaCache.of(TeaCacheProfile.of(trunk.facts().forStepCaches(size), false), THRESHOLD);
    }

    private static Sampled sampled(DemoTrunk trunk, int side, int steps, StepCache cache) {
        TransformerFacts.Sampling sampling = trunk.facts().sampling();
        SamplerSettings settings = new SamplerSettings(
                steps,
                sampling.cfg(),
                SigmaSchedule.named(SCHEDULE, sampling.shift()),
                new Euler(),
                sampling.prediction().ofSampler());
        FlowSampler sampler = new FlowSampler(trunk.model(), settings, new Constant(8), cache);
        long start = System.nanoTime();
        FlowSampler.Sampled sampled = sampler.sample(trunk.latent(side), SamplingListener.NONE, CancellationToken.NONE);
        double millis = (System.nanoTime() - start) / 1e6;
        long reused = sampled.trace().steps().stream()
                .filter(step -> step.conditional() == SamplingTrace.Decision.REUSED)
                .count();
        return new Sampled(sampled.latent(), millis, reused);
    }

    @Override
    public void measure(CheckContext context) {
        int side = context.small() ? SMALL_SIDE : SIDE;
        int steps = context.small() ? SMALL_STEPS : STEPS;
        try (Engine engine = EngineLookup.cuda(context, "");
                DemoTrunk trunk = DemoTrunk.open(engine, context.models(), Precision.W4, side)) {
            if (!context.small()) {
                // Plans, and records what is launched.
                sampled(trunk, side, STEPS / 4, new StepCache.None());
            }
            Sampled plain = sampled(trunk, side, steps, new StepCache.None());
            Sampled cached = sampled(trunk, side, steps, cache(trunk, side));
            Measurement found = new Measurement(
                    String.format(
                            Locale.ROOT,
                            "%.2f x, PSNR %.1f dB, %d of %d steps reused",
                            plain.millis / cached.millis,
                            psnr(cached.latent, plain.latent),
                            cached.reused,
                            steps),
                    String.format(Locale.ROOT, "%.0f ms without", plain.millis));
            boolean faster = context.small() || cached.reused > 0 && cached.millis < plain.millis;
            context.log().judge(TEACACHE, "threshold " + THRESHOLD, faster, found, "steps reused and less time");
        }
    }

    /// Of latents, by the range of the reference's values.
    private static double psnr(Tensor actual, Tensor reference) {
        float[] a = actual.toFloatArray();
        float[] b = reference.toFloatArray();
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        double squares = 0;
        for (int i = 0; i < b.length; i++) {
            least = Math.min(least, b[i]);
            most = Math.max(most, b[i]);
            squares += Math.pow((double) a[i] - b[i], 2);
        }
        return 10 * Math.log10(Math.pow(most - least, 2) / (squares / b.length));
    }
}
