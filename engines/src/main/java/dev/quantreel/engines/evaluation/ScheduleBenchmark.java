package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.EasyCache;
import dev.quantreel.engines.cache.FirstBlockCache;
import dev.quantreel.engines.cache.MagCache;
import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheFit;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Alternating;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.schedule.Shuffled;
import dev.quantreel.engines.schedule.SwitchAtHalf;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Runs the demo model, quantized by DVD-Quant at 4-bit weights, by every bit schedule at a mean of 6 bits and with
/// every step cache, from the same prompts and noises.
///
/// Polynomial and ratios of TeaCache and MagCache come from generations of other captions and noises in full precision;
/// thresholds of all caches are set so that about half of the passes are left, on pilots: then errors compare.
public final class ScheduleBenchmark {

    /// What rows are compared with: those of one group with its first.
    public static final List<String> GROUPS = List.of("bits", "caches at 8 bits", "caches with δ-GBS");

    private static final double MEAN_BITS = 6;
    private static final String BY_BLOCK = "δ-GBS by block";
    private static final int PILOTS = 4;
    private static final int BISECTIONS = 8;
    private static final int OBSERVED = 4;
    private static final int DEGREE = 4;
    private static final long OBSERVED_SEED = 80_000;

    /// Share of passes that caches are set to.
    private static final double PASSES = 0.5;

    private static final double LARGEST_THRESHOLD = 4;

    private final DemoModel model;
    private final DemoBenchmark.Options options;
    private final DemoBenchmark.Progress progress;
    private final CancellationToken cancellation;
    private int done;

    public ScheduleBenchmark(
            DemoModel model,
            DemoBenchmark.Options options,
            DemoBenchmark.Progress progress,
            CancellationToken cancellation) {
        this.model = model;
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
    }

    /// A line of the table before it is measured.
    ///
    /// @param bits chosen before it runs; empty where δ is tuned for it
    private record Line(String group, String name, Optional<BitSchedule> bits, StepCache cache) {}

    /// What everything is measured with.
    private record Bench(
            GenerationMeter meter, PlannedModels.Opened quantized, List<Reference> references, MeanBits meanBits) {}

    /// @param rows told each line as it is complete
    /// @throws java.util.concurrent.CancellationException when interrupted; the rows that were told are complete
    public void run(Consumer<Row> rows) {
        SamplerSettings settings = options.settings(model);
        try (PlannedModels models = new PlannedModels(model, cancellation)) {
            DiffusionTransformer full = models.of(PlannedModels.Wanted.FULL).transformer();
            List<Reference> references = Reference.all(model, full, options, progress, cancellation);
            GenerationMeter meter = new GenerationMeter(model, settings, cancellation);
            Bench bench = new Bench(
                    meter,
                    models.of(PlannedModels.Wanted.of(QuantizationPlan.DVD_QUANT)),
                    references,
                    new MeanBits(meter, references, PILOTS));
            List<Line> lines = new ArrayList<>(schedules(settings.steps()));
            lines.add(new Line(
                    GROUPS.getFirst(),
                    "measured (A8 where A4 costs most)",
                    Optional.of(measured(full, bench.quantized.transformer(), settings)),
                    new StepCache.None()));
            lines.addAll(caches(bench, observed(full, settings)));
            for (Line line : lines) {
                rows.accept(measured(bench, line, lines.size() * references.size()));
            }
        }
    }

    private static List<Line> schedules(int steps) {
        String group = GROUPS.getFirst();
        StepCache none = new StepCache.None();
        List<Line> lines = new ArrayList<>();
        lines.add(new Line(group, "δ-GBS", Optional.empty(), none));
        lines.add(new Line(group, BY_BLOCK, Optional.empty(), none));
        lines.add(new Line(group, "STP (A4 then A8)", Optional.of(SwitchAtHalf.lowThenHigh(4, 8)), none));
        lines.add(new Line(group, "ITP (A8 then A4)", Optional.of(SwitchAtHalf.highThenLow(4, 8)), none));
        lines.add(new Line(group, "ABS (alternating)", Optional.of(new Alternating(4, 8)), none));
        for (int seed = 0; seed < 3; seed++) {
            lines.add(new Line(group, "SBA (shuffle " + seed + ")", Optional.of(new Shuffled(4, 8, seed)), none));
        }
        lines.add(new Line(group, "manual (A8 at both ends)", Optional.of(bothEnds(steps)), none));
        lines.add(new Line(group, "all steps A6", Optional.of(new Constant(6)), none));
        lines.add(new Line(group, "all steps A8", Optional.of(new Constant(8)), none));
        lines.add(new Line(group, "all steps A4", Optional.of(new Constant(4)), none));
        return lines;
    }

    /// Half of the steps at 8 bits, shared between beginning and end: the pattern that the paper prints, without its
    /// quiet middle.
    private static Manual bothEnds(int steps) {
        List<Integer> bits = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            bits.add(step < Math.ceilDiv(steps, 4) || step >= steps - steps / 4 ? 8 : 4);
        }
        return new Manual(bits);
    }

    /// Half of the steps at 8 bits: those at which 4 bits cost the most, by the teacher-forced error along
    /// trajectories of other captions. No schedule of whole steps can do much better by that error.
    private Manual measured(DiffusionTransformer full, DiffusionTransformer quantized, SamplerSettings settings) {
        int steps = settings.steps();
        double[] costs = new double[steps];
        Tensor empty = model.encode("");
        for (int i = 0; i < OBSERVED; i++) {
            progress.report("what 4 bits cost by step", i, OBSERVED);
            Tensor text = model.encode(DemoMethods.CALIBRATION.get(i));
            Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
            new FlowSampler(full.bind(text, empty), settings, new Constant(8), new StepCache.None())
                    .sample(TorchNoise.gaussian(OBSERVED_SEED + i, model.latentShape()), recorder, cancellation);
            Trajectory trajectory = recorder.trajectory(settings).withGuidance(full.bind(text, empty), 1, cancellation);
            SplitModel bound = quantized.bind(text, empty);
            List<Double> low =
                    trajectory.deviationOf(bound, new Constant(4), cancellation).relativeL2();
            List<Double> high =
                    trajectory.deviationOf(bound, new Constant(8), cancellation).relativeL2();
            for (int step = 0; step < steps; step++) {
                costs[step] += low.get(step) - high.get(step);
            }
        }
        List<Integer> dearest = IntStream.range(0, steps)
                .boxed()
                .sorted(Comparator.comparingDouble(step -> -costs[step]))
                .limit(steps - steps / 2)
                .toList();
        return new Manual(IntStream.range(0, steps)
                .mapToObj(step -> dearest.contains(step) ? 8 : 4)
                .toList());
    }

    /// Generations of other captions in full precision, watched.
    private List<SamplingTrace> observed(DiffusionTransformer full, SamplerSettings settings) {
        List<SamplingTrace> traces = new ArrayList<>();
        Tensor empty = model.encode("");
        for (int i = 0; i < OBSERVED; i++) {
            progress.report("observing for the caches", i, OBSERVED);
            Tensor text = model.encode(DemoMethods.CALIBRATION.get(i));
            Tensor noise = TorchNoise.gaussian(OBSERVED_SEED + i, model.latentShape());
            traces.add(new FlowSampler(full.bind(text, empty), settings, new Constant(8), new Observation())
                    .sample(noise, SamplingListener.NONE, cancellation)
                    .trace());
        }
        return traces;
    }

    private List<Line> caches(Bench bench, List<SamplingTrace> traces) {
        int steps = options.settings(model).steps();
        int retained = Math.max(2, steps / 5);
        MagnitudeRatios ratios = traces.getFirst().magnitudeRatios();
        List<Knob> knobs = new ArrayList<>();
        for (StepCache.Watched signal : Observation.SIGNALS) {
            List<TeaCacheFit.Point> points = traces.stream()
                    .flatMap(trace -> trace.signalPoints(signal).stream())
                    .toList();
            if (!points.isEmpty()) {
                TeaCacheFit fit = TeaCacheFit.fit("demo", signal, points, DEGREE);
                knobs.add(new Knob("TeaCache on the " + words(signal), threshold -> TeaCache.of(fit, threshold)));
            }
        }
        knobs.add(new Knob("MagCache", threshold -> new MagCache(ratios, threshold, 2, MagCache.USUAL_RETENTION)));
        knobs.add(new Knob("EasyCache", threshold -> new EasyCache(threshold, retained)));
        knobs.add(new Knob("FBCache", threshold -> new FirstBlockCache(threshold, 0, StepWindow.ALL)));
        List<Line> lines = new ArrayList<>();
        StepCache none = new StepCache.None();
        lines.add(new Line(GROUPS.get(1), "no cache", Optional.of(new Constant(8)), none));
        List<Line> switched = new ArrayList<>();
        switched.add(new Line(GROUPS.get(2), "no cache", Optional.empty(), none));
        for (Knob knob : knobs) {
            StepCache cache = set(bench, knob);
            lines.add(new Line(GROUPS.get(1), knob.titled(cache), Optional.of(new Constant(8)), cache));
            switched.add(new Line(GROUPS.get(2), knob.titled(cache), Optional.empty(), cache));
        }
        lines.addAll(switched);
        return lines;
    }

    private static String withDelta(String name, DeltaGbs rule) {
        return String.format(Locale.ROOT, "%s, δ = %.3f", name, rule.delta());
    }

    private static String digits(List<Integer> bits) {
        return bits.stream().map(String::valueOf).collect(Collectors.joining());
    }

    private static String words(StepCache.Watched signal) {
        return signal.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /// A cache without its threshold.
    private record Knob(String name, DoubleFunction<StepCache> at) {
        String titled(StepCache cache) {
            return String.format(
                    Locale.ROOT, "%s, threshold %.3g", name, thresholdOf(cache).orElse(Double.NaN));
        }

        private static OptionalDouble thresholdOf(StepCache cache) {
            return switch (cache) {
                case TeaCache own -> OptionalDouble.of(own.threshold());
                case MagCache own -> OptionalDouble.of(own.threshold());
                case EasyCache own -> OptionalDouble.of(own.threshold());
                case FirstBlockCache own -> OptionalDouble.of(own.threshold());
                case Observation _, StepCache.None _ -> OptionalDouble.empty();
            };
        }
    }

    /// The threshold whose pilots compute nearest to the wanted share of passes.
    private StepCache set(Bench bench, Knob knob) {
        double lower = 0;
        double upper = LARGEST_THRESHOLD;
        StepCache best = knob.at.apply(upper);
        double distance = Double.MAX_VALUE;
        for (int i = 0; i < BISECTIONS; i++) {
            progress.report("threshold of " + knob.name, i, BISECTIONS);
            double threshold = (lower + upper) / 2;
            StepCache tried = knob.at.apply(threshold);
            double share = bench.meter.meanPasses(
                    new GenerationMeter.Way(bench.quantized.transformer(), true, new Constant(8), tried),
                    bench.references.subList(0, Math.min(PILOTS, bench.references.size())));
            if (Math.abs(share - PASSES) < distance) {
                distance = Math.abs(share - PASSES);
                best = tried;
            }
            if (share > PASSES) {
                lower = threshold;
            } else {
                upper = threshold;
            }
        }
        return best;
    }

    private Row measured(Bench bench, Line line, int total) {
        PlannedModels.Opened quantized = bench.quantized;
        progress.report(line.group + ", " + line.name, done, total);
        boolean byBlock = line.name.equals(BY_BLOCK);
        Function<DeltaGbs, BitSchedule> form = byBlock ? BlockwiseGbs::new : rule -> rule;
        BitSchedule bits = line.bits.orElseGet(
                () -> form.apply(bench.meanBits.tune(quantized.transformer(), line.cache, MEAN_BITS, form)));
        boolean bare = line.cache instanceof StepCache.None;
        String name =
                switch (bits) {
                    case DeltaGbs rule when bare -> withDelta(line.name, rule);
                    case BlockwiseGbs(DeltaGbs rule) when bare -> withDelta(line.name, rule);
                    case Manual(List<Integer> steps) -> line.name + ": " + digits(steps);
                    default -> line.name;
                };
        GenerationMeter.Way way = new GenerationMeter.Way(quantized.transformer(), true, bits, line.cache);
        List<Measurement> measurements = new ArrayList<>();
        for (Reference reference : bench.references) {
            progress.report(line.group + ", " + line.name, done++, total);
            measurements.add(bench.meter.measure(way, reference));
        }
        return new Row(
                line.group,
                name,
                measurements,
                quantized.memory().bytes(),
                quantized.memory().ratio(),
                quantized.seconds());
    }
}
