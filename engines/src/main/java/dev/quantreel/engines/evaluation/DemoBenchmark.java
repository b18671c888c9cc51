package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.judge.Caption;
import dev.quantreel.engines.judge.ClipJudge;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.Psnr;
import dev.quantreel.engines.metrics.Ssim;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs the demo model by every method of the paper's tables from the same prompts and noise, and measures each against
// full
/// precision: one row a method.
///
/// Methods take turns on each prompt, so that a busy machine disturbs all of them alike; the first prompt is run once
// more
/// beforehand to warm up. δ of δ-GBS is tuned for a mean of 6 bits.
/// The teacher-forced error is that of one conditional pass, as quantization papers report it; guidance would multiply
// it.
public final class DemoBenchmark {

    /// Captions of the demo model's vocabulary.
    public static final List<String> PROMPTS = List.of(
            "a large red circle moving left on a navy background",
            "a small yellow square moving right on a black background",
            "a large green triangle moving up on a white background",
            "a large blue ring moving down on a gray background",
            "a small orange circle moving up on a navy background",
            "a large cyan square moving left on a black background",
            "a large pink triangle moving right on a gray background",
            "a small purple ring moving down on a white background");

    private static final double WANTED_MEAN_BITS = 6;
    private static final double MAX_DELTA = 2;
    private static final int BISECTIONS = 10;
    private static final int PILOTS = 4;

    private final DemoModel model;
    private final Options options;
    private final Progress progress;
    private final CancellationToken cancellation;

    /// @param prompts how many of [#PROMPTS], at least 1
    /// @param seeds noises per prompt, at least 1
    /// @param steps sampler steps; 0 takes the model's recommendation
    public record Options(int prompts, int seeds, int steps) {
        public Options {
            if (prompts < 1 || prompts > PROMPTS.size() || seeds < 1 || steps < 0) {
                throw new IllegalArgumentException("prompts 1 to " + PROMPTS.size() + ", seeds at least 1, steps at"
                        + " least 0 are accepted, got " + prompts + ", " + seeds + ", " + steps);
            }
        }
    }

    /// Told what is being done.
    public interface Progress {
        void report(String what, int done, int total);
    }

    public DemoBenchmark(DemoModel model, Options options, Progress progress, CancellationToken cancellation) {
        this.model = model;
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
    }

    /// @return full precision first, then every method
    public List<Row> run() {
        SamplerSettings recommended = model.settings();
        SamplerSettings settings = options.steps() == 0
                ? recommended
                : new SamplerSettings(options.steps(), recommended.cfg(), recommended.schedule());
        try (Transformers transformers = new Transformers()) {
            List<Reference> references = references(transformers, settings);
            List<Method> methods = DemoMethods.all(tuned(transformers, references, settings), settings.steps());
            Map<Method, List<Measurement>> measured = new LinkedHashMap<>();
            int done = 0;
            for (Reference reference : references) {
                for (Method method : methods) {
                    progress.report(method.name(), done++, references.size() * methods.size());
                    measured.computeIfAbsent(method, key -> new ArrayList<>())
                            .add(measure(transformers, method, reference, settings));
                }
            }
            return methods.stream()
                    .map(method -> row(transformers, method, measured.getOrDefault(method, List.of())))
                    .toList();
        }
    }

    /// Full precision for one prompt and seed.
    private record Reference(
            String prompt,
            Tensor text,
            Tensor empty,
            Tensor noise,
            Trajectory trajectory,
            Tensor latent,
            Frames frames) {}

    private List<Reference> references(Transformers transformers, SamplerSettings settings) {
        List<Reference> references = new ArrayList<>();
        DiffusionTransformer full = transformers.of(Optional.empty());
        Tensor empty = model.encode("");
        for (int seed = 0; seed < options.seeds(); seed++) {
            for (String prompt : PROMPTS.subList(0, options.prompts())) {
                progress.report("full precision reference", references.size(), options.seeds() * options.prompts());
                Tensor text = model.encode(prompt);
                Tensor noise = TorchNoise.gaussian(1000L * seed + references.size(), model.latentShape());
                Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
                FlowSampler sampler =
                        new FlowSampler(full.bind(text, empty), settings, new Constant(8), new StepCache.None());
                FlowSampler.Sampled sampled = sampler.sample(noise, recorder, cancellation);
                references.add(new Reference(
                        prompt,
                        text,
                        empty,
                        noise,
                        recorder.trajectory(settings).withGuidance(full.bind(text, empty), 1, cancellation),
                        sampled.latent(),
                        model.decode(sampled.latent(), cancellation)));
            }
        }
        return references;
    }

    /// δ for the wanted mean, by bisection on the generations themselves: 4-bit steps change the output more than their
    /// neighbours of 8 bits, so a δ found on a full-precision curve gives too many bits.
    private DeltaGbs tuned(Transformers transformers, List<Reference> references, SamplerSettings settings) {
        DiffusionTransformer quantized = transformers.of(Optional.of(QuantizationPlan.DVD_QUANT));
        List<Reference> pilots = references.subList(0, Math.min(PILOTS, references.size()));
        double lower = 0;
        double upper = MAX_DELTA;
        DeltaGbs best = DeltaGbs.of(upper);
        double bestDistance = Double.MAX_VALUE;
        for (int round = 0; round < BISECTIONS; round++) {
            progress.report("tuning δ", round, BISECTIONS);
            DeltaGbs candidate = DeltaGbs.of((lower + upper) / 2);
            double mean = pilots.stream()
                    .mapToDouble(pilot -> new FlowSampler(
                                    quantized.bind(pilot.text(), pilot.empty()),
                                    settings,
                                    candidate,
                                    new StepCache.None())
                            .sample(pilot.noise(), SamplingListener.NONE, cancellation)
                            .trace()
                            .meanActivationBits())
                    .average()
                    .orElse(Double.NaN);
            if (Math.abs(mean - WANTED_MEAN_BITS) < bestDistance) {
                bestDistance = Math.abs(mean - WANTED_MEAN_BITS);
                best = candidate;
            }
            if (mean > WANTED_MEAN_BITS) {
                lower = candidate.delta();
            } else {
                upper = candidate.delta();
            }
        }
        return best;
    }

    private Measurement measure(
            Transformers transformers, Method method, Reference reference, SamplerSettings settings) {
        DiffusionTransformer transformer = transformers.of(method.plan());
        SplitModel bound = transformer.bind(reference.text(), reference.empty());
        FlowSampler sampler = new FlowSampler(bound, settings, method.bits(), method.cache());
        FlowSampler.Sampled sampled = sampler.sample(reference.noise(), SamplingListener.NONE, cancellation);
        if (transformers.firstUse(method)) {
            // The first generation of a method pays for warming up; it is run again and only that is timed.
            sampled = sampler.sample(reference.noise(), SamplingListener.NONE, cancellation);
        }
        Trajectory.Deviation deviation = reference.trajectory().deviationOf(bound, bitsOf(sampled), cancellation);
        Frames frames = model.decode(sampled.latent(), cancellation);
        return new Measurement(
                method.plan().isEmpty() ? 16 : sampled.trace().meanActivationBits(),
                deviation.meanRelativeL2(),
                LatentMetrics.relativeL2(sampled.latent(), reference.latent()),
                Psnr.of(reference.frames(), frames).ofFrames(),
                Ssim.of(reference.frames(), frames).mean(),
                captionRate(frames, reference.prompt()),
                sampled.trace().trunkPasses(),
                sampled.trace().elapsedNanos() / 1e9 / settings.steps());
    }

    /// The bits that a generation had; 8 where the cache answered.
    private static Manual bitsOf(FlowSampler.Sampled sampled) {
        return new Manual(sampled.trace().steps().stream()
                .map(step -> step.isComputed() ? step.activationBits() : 8)
                .toList());
    }

    /// Share of the caption's attributes that the judge sees.
    private static double captionRate(Frames frames, String prompt) {
        return ClipJudge.judge(frames).score(Caption.parse(prompt)).values().stream()
                .mapToInt(right -> right ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }

    private Row row(Transformers transformers, Method method, List<Measurement> measurements) {
        WeightMemory memory = transformers.memory(method.plan());
        return new Row(
                method.name(), measurements, memory.bytes(), memory.ratio(), transformers.seconds(method.plan()));
    }

    /// Each plan is quantized and opened once.
    private final class Transformers implements AutoCloseable {

        private final Map<Optional<QuantizationPlan>, DiffusionTransformer> opened = new LinkedHashMap<>();
        private final Map<Optional<QuantizationPlan>, WeightMemory> memory = new LinkedHashMap<>();
        private final Map<Optional<QuantizationPlan>, Double> seconds = new LinkedHashMap<>();
        private final Map<StatisticsPlan, ActivationStatistics> statistics = new LinkedHashMap<>();
        private final List<Method> used = new ArrayList<>();

        DiffusionTransformer of(Optional<QuantizationPlan> plan) {
            return opened.computeIfAbsent(plan, this::open);
        }

        WeightMemory memory(Optional<QuantizationPlan> plan) {
            WeightMemory found = memory.get(plan);
            if (found == null) {
                throw new IllegalStateException("plan was not opened: " + plan);
            }
            return found;
        }

        /// What it took to make the weights, statistics that other plans share not counted twice.
        double seconds(Optional<QuantizationPlan> plan) {
            return seconds.getOrDefault(plan, 0.0);
        }

        boolean firstUse(Method method) {
            boolean first = !used.contains(method);
            if (first) {
                used.add(method);
            }
            return first;
        }

        private DiffusionTransformer open(Optional<QuantizationPlan> plan) {
            LinearLayers linears;
            if (plan.isEmpty()) {
                long bytes = 2
                        * model.transformer().names().stream()
                                .mapToLong(
                                        name -> model.transformer().tensor(name).elements())
                                .sum();
                memory.put(plan, new WeightMemory(bytes, 0, bytes));
                linears = new FloatLinears(new FloatWeights(model.transformer()));
            } else {
                long start = System.nanoTime();
                QuantizedWeights weights = QuantizedWeights.of(
                        new QuantizedWeights.Source(
                                model.transformer(),
                                model.transformer().blockLinears(),
                                statistics(plan.get().statistics())),
                        plan.get(),
                        (layer, done, total) -> progress.report("quantizing " + layer, done, total),
                        cancellation);
                seconds.put(plan, (System.nanoTime() - start) / 1e9);
                memory.put(plan, weights.memory());
                linears = LowRankLinears.of(
                        QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER), weights.branches());
            }
            return DiffusionTransformer.open(model.engine(), model.transformer(), linears);
        }

        /// Shared by all plans that ask for the same.
        private ActivationStatistics statistics(StatisticsPlan plan) {
            return switch (plan) {
                case StatisticsPlan.None() -> ActivationStatistics.NONE;
                case StatisticsPlan.SelfGenerated own ->
                    statistics.computeIfAbsent(own, missing -> model.calibration(own, cancellation));
            };
        }

        @Override
        public void close() {
            opened.values().forEach(DiffusionTransformer::close);
        }
    }
}
