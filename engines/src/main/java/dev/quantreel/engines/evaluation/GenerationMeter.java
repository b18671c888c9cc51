package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.judge.Caption;
import dev.quantreel.engines.judge.ClipJudge;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.Psnr;
import dev.quantreel.engines.metrics.Ssim;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.video.Frames;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Generates by a method from a reference's prompt and noise, and measures what came of it. Not thread-safe.
final class GenerationMeter {

    /// Bits that stand for full precision.
    private static final int FULL_BITS = 16;

    private final DemoModel model;
    private final SamplerSettings settings;
    private final CancellationToken cancellation;
    private final Set<DiffusionTransformer> warm = new HashSet<>();

    GenerationMeter(DemoModel model, SamplerSettings settings, CancellationToken cancellation) {
        this.model = model;
        this.settings = settings;
        this.cancellation = cancellation;
    }

    /// How a model is run.
    ///
    /// @param quantized whether the bits act
    record Way(DiffusionTransformer transformer, boolean quantized, BitSchedule bits, StepCache cache) {}

    Measurement measure(Way way, Reference reference) {
        SplitModel bound = way.transformer().bind(reference.text(), reference.empty());
        FlowSampler sampler = new FlowSampler(bound, settings, way.bits(), way.cache());
        if (warm.add(way.transformer())) {
            // The first generation of a model pays for warming up; it is run again and only that is timed.
            sampler.sample(reference.noise(), SamplingListener.NONE, cancellation);
        }
        FlowSampler.Sampled sampled = sampler.sample(reference.noise(), SamplingListener.NONE, cancellation);
        Trajectory.Deviation deviation =
                reference.trajectory().deviationOf(bound, sampled.trace().replay(), cancellation);
        Frames frames = model.decode(sampled.latent(), cancellation);
        return new Measurement(
                way.quantized() ? sampled.trace().meanActivationBits() : FULL_BITS,
                deviation.meanRelativeL2(),
                LatentMetrics.relativeL2(sampled.latent(), reference.latent()),
                Psnr.of(reference.frames(), frames).ofFrames(),
                Ssim.of(reference.frames(), frames).mean(),
                captionRate(frames, reference.prompt()),
                sampled.trace().trunkPasses(),
                sampled.trace().elapsedNanos() / 1e9 / settings.steps());
    }

    /// Mean bits of a generation, free running.
    double meanBits(Way way, Reference reference) {
        return new FlowSampler(
                        way.transformer().bind(reference.text(), reference.empty()), settings, way.bits(), way.cache())
                .sample(reference.noise(), SamplingListener.NONE, cancellation)
                .trace()
                .meanActivationBits();
    }

    /// Share of the passes through the blocks that generations compute, free running.
    double meanPasses(Way way, List<Reference> references) {
        return references.stream()
                .map(reference -> new FlowSampler(
                                way.transformer().bind(reference.text(), reference.empty()),
                                settings,
                                way.bits(),
                                way.cache())
                        .sample(reference.noise(), SamplingListener.NONE, cancellation)
                        .trace())
                .mapToDouble(trace -> (double) trace.trunkPasses() / (trace.trunkPasses() + trace.reusedPasses()))
                .average()
                .orElse(Double.NaN);
    }

    /// Share of the caption's attributes that the judge sees.
    private static double captionRate(Frames frames, String prompt) {
        return ClipJudge.judge(frames).score(Caption.parse(prompt)).values().stream()
                .mapToInt(right -> right ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }
}
