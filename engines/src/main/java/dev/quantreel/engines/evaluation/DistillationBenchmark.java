package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.engines.distillation.ErrorTraining;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.Psnr;
import dev.quantreel.engines.metrics.TemporalDistribution;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// What Q-VDiT's error estimation brings on the demo model, at the bits of its tables: W3A6 and W4A6, each plain, with
/// the estimate solved, and with it trained, over four ways to quantize. Prompts and noise of the measurement take no
/// part in the estimate.
public final class DistillationBenchmark {

    /// Captions that lead the trajectories of the estimate; none of [DemoBenchmark#PROMPTS].
    private static final List<String> CAPTIONS = List.of(
            "a small red ring moving up on a gray background",
            "a large yellow circle moving down on a navy background",
            "a small green square moving left on a white background",
            "a small blue triangle moving right on a black background",
            "a large orange ring moving left on a black background",
            "a small cyan circle moving down on a white background",
            "a small pink square moving up on a navy background",
            "a large purple triangle moving right on a gray background");

    private static final long CALIBRATION_SEED = 1L << 20;
    private static final int ACTIVATION_BITS = 6;
    private static final double TEMPORAL_WEIGHT = ErrorTraining.Options.DEFAULTS.temporalWeight();

    private final DemoModel model;
    private final Options options;
    private final DemoBenchmark.Progress progress;
    private final CancellationToken cancellation;

    /// @param prompts how many of [DemoBenchmark#PROMPTS]
    /// @param seeds noises per prompt
    /// @param trajectories that the estimate watches, 8 steps each
    /// @param steps of training for each stage; 0 trains nothing
    /// @param blocks trained at a time
    public record Options(int prompts, int seeds, int trajectories, int steps, int blocks) {
        public Options {
            if (prompts < 1
                    || prompts > DemoBenchmark.PROMPTS.size()
                    || seeds < 1
                    || trajectories < 1
                    || steps < 0
                    || blocks < 1) {
                throw new IllegalArgumentException("prompts 1 to " + DemoBenchmark.PROMPTS.size()
                        + ", seeds, trajectories and blocks at least 1, steps at least 0 are accepted, got " + prompts
                        + ", " + seeds + ", " + trajectories + ", " + blocks + ", " + steps);
            }
        }
    }

    /// One way to run the model, against full precision; means over prompts and seeds.
    ///
    /// @param teacherForced relative L2 of the velocity at full precision's latents, one conditional pass
    /// @param finalLatent relative L2, free running
    /// @param temporal [TemporalDistribution#divergence] of the final latent
    /// @param psnr of the decoded clips
    /// @param bytes of all weights
    /// @param seconds that estimating took; 0 where nothing is estimated
    public record Outcome(
            String name,
            Spread teacherForced,
            double finalLatent,
            double temporal,
            double psnr,
            long bytes,
            double seconds) {

        /// How much lower the teacher-forced error is than another's of the same generations, as a share of it.
        public Spread gain(Outcome other) {
            List<Double> gains = new ArrayList<>();
            for (int i = 0; i < teacherForced.values().size(); i++) {
                gains.add(1
                        - teacherForced.values().get(i)
                                / other.teacherForced.values().get(i));
            }
            return new Spread(gains);
        }
    }

    /// A figure of each generation.
    public record Spread(List<Double> values) {
        public Spread {
            values = List.copyOf(values);
        }

        public double mean() {
            return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        }

        /// Of the single values, not of their mean.
        public double deviation() {
            double mean = mean();
            return Math.sqrt(values.stream()
                    .mapToDouble(value -> (value - mean) * (value - mean))
                    .average()
                    .orElse(0));
        }
    }

    public DistillationBenchmark(
            DemoModel model, Options options, DemoBenchmark.Progress progress, CancellationToken cancellation) {
        this.model = model;
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
    }

    private record Base(String name, QuantizationPlan plan) {}

    private record Reference(
            Tensor text, Tensor empty, Tensor noise, Trajectory trajectory, Tensor latent, Frames clip) {}

    /// Measures plain, with the paper's factors of frames, with solved ones, and trained with and without the temporal
    /// loss; for every base and weight bits.
    ///
    /// @param wanted takes the names of ways to quantize, as in `W3A6 BGR`
    /// @param results told each outcome as it is there
    public void run(Predicate<String> wanted, Consumer<Outcome> results) {
        List<Reference> references = references();
        QuantizationPlan dvd = QuantizationPlan.DVD_QUANT;
        for (int bits : new int[] {3, 4}) {
            for (Base base : List.of(
                    new Base("MinMax", QuantizationPlan.MIN_MAX.withWeights(new WeightQuantizer.MinMax(), bits)),
                    new Base("BGR", QuantizationPlan.MIN_MAX.withWeights(new WeightQuantizer.Bgr(), bits)),
                    new Base(
                            "DVD-Quant",
                            dvd.withWeights(new WeightQuantizer.Bgr(), bits)
                                    .withActivations(dvd.rotation(), new ActivationQuantizer.Block(64))),
                    new Base(
                            "rank 16 + GPTQ",
                            dvd.withWeights(compensated(bits))
                                    .withActivations(dvd.rotation(), new ActivationQuantizer.Block(64))))) {
                String name = "W" + bits + "A" + ACTIVATION_BITS + " " + base.name;
                if (wanted.test(name)) {
                    measure(base, name, references, results);
                }
            }
        }
    }

    private void measure(Base base, String name, List<Reference> references, Consumer<Outcome> results) {
        QuantizedWeights weights = QuantizedWeights.of(
                new QuantizedWeights.Source(
                        model.transformer(),
                        model.transformer().blockLinears(),
                        model.calibration(watched(), cancellation)),
                base.plan,
                QuantizationProgress.NONE,
                cancellation);
        results.accept(measure(name, weights, LowRankBranches.NONE, references, 0));
        for (int turns : new int[] {0, ErrorEstimation.Options.DEFAULTS.frameTurns()}) {
            long start = System.nanoTime();
            LowRankBranches branches = estimate(weights, turns).branches();
            String how = turns == 0 ? " + TQE, M of the paper" : " + TQE, M solved";
            double seconds = (System.nanoTime() - start) / 1e9;
            results.accept(measure(name + how, weights, branches, references, seconds));
        }
        for (double weight : options.steps() == 0 ? new double[0] : new double[] {0, TEMPORAL_WEIGHT}) {
            long start = System.nanoTime();
            LowRankBranches branches = train(weights, weight).estimate().branches();
            String how = weight == 0 ? " + TQE, trained" : " + TQE, trained with TMD";
            double seconds = (System.nanoTime() - start) / 1e9;
            results.accept(measure(name + how, weights, branches, references, seconds));
        }
    }

    private ErrorTraining.Training train(QuantizedWeights weights, double temporalWeight) {
        ErrorTraining.Options usual = ErrorTraining.Options.DEFAULTS;
        return ErrorTraining.of(
                new ErrorTraining.Task(
                        target(weights),
                        model.trajectories(watched()),
                        ErrorEstimation.Options.DEFAULTS,
                        Optional.empty()),
                new ErrorTraining.Options(
                        options.steps(), usual.rate(), temporalWeight, options.blocks(), usual.examples()),
                progress::report,
                cancellation);
    }

    private ErrorEstimation.Target target(QuantizedWeights weights) {
        return new ErrorEstimation.Target(
                model.engine(), model.transformer(), weights, LowRankBranches.NONE, ACTIVATION_BITS);
    }

    /// What statistics and estimate are taken of.
    private StatisticsPlan.SelfGenerated watched() {
        return new StatisticsPlan.SelfGenerated(CAPTIONS, options.trajectories(), 8, CALIBRATION_SEED);
    }

    /// The best of the weight methods: a low-rank branch, and error feedback on the model's own statistics.
    private WeightPlan compensated(int bits) {
        return new WeightPlan(
                new WeightQuantizer.Gptq(new WeightQuantizer.Bgr(), 0.01),
                bits,
                new BranchPlan.LowRank(16, 10),
                watched());
    }

    private ErrorEstimation.Estimate estimate(QuantizedWeights weights, int frameTurns) {
        ErrorEstimation.Options usual = ErrorEstimation.Options.DEFAULTS;
        return ErrorEstimation.of(
                target(weights),
                model.trajectories(watched()),
                new ErrorEstimation.Options(usual.tokensPerRun(), frameTurns, usual.damping(), usual.budgetBytes()),
                progress::report,
                cancellation);
    }

    private List<Reference> references() {
        List<Reference> references = new ArrayList<>();
        SamplerSettings settings = model.settings();
        Tensor empty = model.encode("");
        try (DiffusionTransformer full = open(new FloatLinears(new FloatWeights(model.transformer())))) {
            for (int seed = 0; seed < options.seeds(); seed++) {
                for (String prompt : DemoBenchmark.PROMPTS.subList(0, options.prompts())) {
                    progress.report("full precision reference", references.size(), options.seeds() * options.prompts());
                    Tensor text = model.encode(prompt);
                    Tensor noise = TorchNoise.gaussian(1000L * seed + references.size(), model.latentShape());
                    Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
                    Tensor latent = new FlowSampler(
                                    full.bind(text, empty), settings, new Constant(8), new StepCache.None())
                            .sample(noise, recorder, cancellation)
                            .latent();
                    references.add(new Reference(
                            text,
                            empty,
                            noise,
                            recorder.trajectory(settings).withGuidance(full.bind(text, empty), 1, cancellation),
                            latent,
                            model.decode(latent, cancellation)));
                }
            }
        }
        return references;
    }

    private DiffusionTransformer open(LinearLayers linears) {
        return DiffusionTransformer.open(model.engine(), model.transformer(), linears);
    }

    private Outcome measure(
            String name,
            QuantizedWeights weights,
            LowRankBranches branches,
            List<Reference> references,
            double seconds) {
        double[][] figures = new double[references.size()][];
        LinearLayers linears = LowRankLinears.of(
                QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER),
                weights.branches().plus(branches));
        try (DiffusionTransformer transformer = open(linears)) {
            for (int i = 0; i < figures.length; i++) {
                progress.report(name, i, figures.length);
                figures[i] = figures(transformer, references.get(i));
            }
        }
        return new Outcome(
                name,
                new Spread(Arrays.stream(figures).map(of -> of[0]).toList()),
                mean(figures, 1),
                mean(figures, 2),
                mean(figures, 3),
                weights.memory().plus(branches.bytes()).bytes(),
                seconds);
    }

    private static double mean(double[][] figures, int which) {
        return Arrays.stream(figures).mapToDouble(of -> of[which]).average().orElse(0);
    }

    /// Teacher-forced error, final latent, its temporal divergence, PSNR of the clip.
    private double[] figures(DiffusionTransformer transformer, Reference reference) {
        SplitModel bound = transformer.bind(reference.text, reference.empty);
        Constant bits = new Constant(ACTIVATION_BITS);
        Tensor latent = new FlowSampler(bound, model.settings(), bits, new StepCache.None())
                .sample(reference.noise, SamplingListener.NONE, cancellation)
                .latent();
        return new double[] {
            reference.trajectory.deviationOf(bound, bits, cancellation).meanRelativeL2(),
            LatentMetrics.relativeL2(latent, reference.latent),
            TemporalDistribution.of(reference.latent).divergence(TemporalDistribution.of(latent)),
            Psnr.of(reference.clip, model.decode(latent, cancellation)).ofFrames()
        };
    }
}
