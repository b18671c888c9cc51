package dev.quantreel.server.config;

import dev.quantreel.engines.calibration.BlockCalibration;
import dev.quantreel.engines.calibration.CalibrationPlan;
import dev.quantreel.engines.calibration.SelfCalibration;
import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// How a model makes statistics of its own activations, for recipes whose methods need them.
final class CalibrationOptions {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})x(\\d{1,5})");
    private static final String NONE = "none";

    @Option(
            names = "--text-encoder",
            paramLabel = "FILE",
            description = "Text encoder of the model, for recipes that need statistics (gptq, smoothing): the model"
                    + " generates out of noise, led by the recipe's captions, and what its layers read is summed up,"
                    + " block by block, in FILE.part.statistics beside the result. Twice for models that read two."
                    + " none: no encoder is read, zeros stand for the text (and for the picture of models that start"
                    + " from one), and guidance is left out.")
    private List<String> textEncoders = new ArrayList<>();

    @Option(
            names = "--size",
            paramLabel = "WxHxFRAMES",
            defaultValue = "256x256x13",
            description =
                    "Size of the generations that statistics are made in; small ones do. Default: ${DEFAULT-VALUE}.")
    private String size = "";

    @Option(
            names = "--cfg",
            paramLabel = "NUMBER",
            defaultValue = "4",
            description =
                    "Guidance of the generations that statistics are made in; 1 leaves the second pass out. Default: ${DEFAULT-VALUE}.")
    private double cfg;

    /// Statistics while they are needed.
    ///
    /// @param identity equal where equal statistics come out
    record Calibrated(ActivationStatistics statistics, String identity, Optional<Engine> engine, Path folder)
            implements AutoCloseable {
        /// Forgets what lies on the disk.
        void discard() {
            BlockCalibration.discard(folder);
        }

        @Override
        public void close() {
            engine.ifPresent(Engine::close);
        }
    }

    /// What is quantized.
    ///
    /// @param identity of its files
    /// @param statistics folder for what is gathered
    record Task(TransformerCheckpoint model, QuantizationPlan plan, String identity, Path statistics) {}

    /// What a plan needs; nothing is run but the text encoder.
    ///
    /// @throws ConfigException when the options do not fit the plan or the model
    Calibrated open(Task task, CancellationToken cancellation) throws Exception {
        QuantizationPlan plan = task.plan;
        boolean needed = plan.weights().needsStatistics() || plan.smoothing().needsStatistics();
        if (textEncoders.isEmpty()) {
            return new Calibrated(ActivationStatistics.NONE, "", Optional.empty(), task.statistics);
        }
        if (!needed) {
            throw new ConfigException("--text-encoder " + String.join(" ", textEncoders)
                    + ": the recipe needs no statistics; leave it out");
        }
        if (!(plan.statistics() instanceof StatisticsPlan.SelfGenerated asked)) {
            throw new ConfigException("the recipe needs statistics and does not say how many: give its weights a field"
                    + " such as \"statistics\": {\"kind\": \"self_generated\", \"captions\": [\"\"],"
                    + " \"trajectories\": 8, \"steps\": 16}");
        }
        Engine engine = provider().create(EngineProvider.EngineOptions.DEFAULTS);
        try {
            return calibrated(task, asked, engine, cancellation);
        } catch (Exception e) {
            engine.close();
            throw e;
        }
    }

    private Calibrated calibrated(
            Task task, StatisticsPlan.SelfGenerated asked, Engine engine, CancellationToken cancellation)
            throws Exception {
        TransformerFacts facts = task.model.facts();
        Shape latent = latent(facts);
        double guidance = encoders().isEmpty() ? 1 : cfg;
        CalibrationPlan costs = CalibrationPlan.of(
                task.model,
                task.plan,
                new CalibrationPlan.Size(latent, asked.trajectories() * asked.steps(), guidance != 1));
        costs.refusal(Runtime.getRuntime().maxMemory()).ifPresent(reason -> {
            throw new ConfigException(reason);
        });
        System.err.println(costs.describe());
        CalibrationPrompts.Encoded encoded =
                new CalibrationPrompts(task.model, encoders(), engine, cancellation).of(asked.captions(), latent);
        SamplerSettings settings = new SamplerSettings(
                asked.steps(),
                guidance,
                levels(facts),
                new Euler(),
                facts.sampling().prediction().ofSampler());
        Trajectories trajectories =
                new Trajectories(encoded.prompts(), settings, latent, asked.trajectories(), asked.seed());
        String identity = size + "|" + guidance + "|" + encoded.identity();
        StatisticsProgress progress = new StatisticsProgress(System.err);
        BlockCalibration calibration = BlockCalibration.of(
                new SelfCalibration.Model(engine, task.model, task.model.blockLinears()),
                trajectories,
                new BlockCalibration.Options(
                        task.statistics,
                        task.identity + "|" + identity,
                        costs.sumsBytes(Runtime.getRuntime().maxMemory()),
                        progress::tell,
                        cancellation));
        return new Calibrated(calibration, "|" + identity, Optional.of(engine), task.statistics);
    }

    /// Those of the model's kind; the even ones of flow models.
    private static SigmaSchedule levels(TransformerFacts facts) {
        boolean flow = facts.sampling().prediction() == TransformerFacts.Prediction.FLOW;
        return SigmaSchedule.named(
                flow ? "linear" : facts.family(), facts.sampling().shift());
    }

    /// Files of the encoders; empty for none.
    private List<Path> encoders() {
        if (textEncoders.equals(List.of(NONE))) {
            return List.of();
        }
        if (textEncoders.contains(NONE)) {
            throw new ConfigException("--text-encoder is none and a file; name the files of the encoders, or none");
        }
        return textEncoders.stream().map(Path::of).toList();
    }

    /// The best that runs here.
    private static EngineProvider provider() {
        return ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.probe() instanceof EngineProvider.Availability.Available)
                .max(Comparator.comparingInt(EngineProvider::rank))
                .orElseThrow(() -> new ConfigException("no engine runs here; `quantreel doctor` says why"));
    }

    private Shape latent(TransformerFacts facts) {
        Matcher matcher = SIZE.matcher(size);
        LatentSpace space = facts.latent().space();
        if (matcher.matches()) {
            int width = Integer.parseInt(matcher.group(1));
            int height = Integer.parseInt(matcher.group(2));
            int frames = Integer.parseInt(matcher.group(3));
            int factor = space.spatialFactor();
            if (width >= factor && height >= factor && frames > 0 && width % factor == 0 && height % factor == 0) {
                return Shape.of(1, facts.latent().channels(), space.frames(frames), height / factor, width / factor);
            }
        }
        throw new ConfigException("--size is " + size + "; accepted are width, height and frames as 256x256x13, width"
                + " and height in multiples of " + space.spatialFactor());
    }
}
