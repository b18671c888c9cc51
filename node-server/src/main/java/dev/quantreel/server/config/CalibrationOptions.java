package dev.quantreel.server.config;

import dev.quantreel.engines.calibration.SelfCalibration;
import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.text.PromptFormat;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TargetModel;
import dev.quantreel.engines.text.TextEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How a model makes statistics of its own activations, for recipes whose methods need them.
final class CalibrationOptions {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})x(\\d{1,5})");

    @Option(
            names = "--text-encoder",
            paramLabel = "FILE",
            description = "Text encoder of the model, for recipes that need statistics (gptq, smoothing): the model"
                    + " generates out of noise, led by the recipe's captions, and what its layers read is summed up.")
    private @Nullable Path textEncoder;

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
    record Calibrated(ActivationStatistics statistics, String identity, Optional<Engine> engine)
            implements AutoCloseable {
        @Override
        public void close() {
            engine.ifPresent(Engine::close);
        }
    }

    /// What a plan needs; nothing is run but the text encoder.
    ///
    /// @throws ConfigException when the options do not fit the plan or the model
    Calibrated open(TransformerCheckpoint model, QuantizationPlan plan, CancellationToken cancellation)
            throws Exception {
        boolean needed = plan.weights().needsStatistics() || plan.smoothing().needsStatistics();
        if (textEncoder == null) {
            return new Calibrated(ActivationStatistics.NONE, "", Optional.empty());
        }
        if (!needed) {
            throw new ConfigException(
                    "--text-encoder " + textEncoder + ": the recipe needs no statistics; leave it out");
        }
        if (!(plan.statistics() instanceof StatisticsPlan.SelfGenerated asked)) {
            throw new ConfigException("the recipe needs statistics and does not say how many: give its weights a field"
                    + " such as \"statistics\": {\"kind\": \"self_generated\", \"captions\": [\"\"],"
                    + " \"trajectories\": 8, \"steps\": 16}");
        }
        requireText(model.facts());
        Shape latent = latent(model.facts());
        Engine engine = provider().create(EngineProvider.EngineOptions.DEFAULTS);
        try {
            Trajectories trajectories = new Trajectories(
                    prompts(model.facts(), asked, engine, cancellation),
                    new SamplerSettings(
                            asked.steps(),
                            cfg,
                            new SigmaSchedule.Linear(model.facts().sampling().shift())),
                    latent,
                    asked.trajectories(),
                    asked.seed());
            SelfCalibration calibration = SelfCalibration.of(
                    new SelfCalibration.Model(engine, model, model.blockLinears()),
                    trajectories,
                    CalibrationOptions::tell,
                    cancellation);
            return new Calibrated(calibration, "|" + size + "|" + cfg + "|" + textEncoder, Optional.of(engine));
        } catch (Exception e) {
            engine.close();
            throw e;
        }
    }

    /// The best that runs here.
    private static EngineProvider provider() {
        return ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.probe() instanceof EngineProvider.Availability.Available)
                .max(Comparator.comparingInt(EngineProvider::rank))
                .orElseThrow(() -> new ConfigException("no engine runs here; `quantreel doctor` says why"));
    }

    private static void tell(int pass, int done, int total) {
        if (done == total || done % 16 == 0) {
            System.err.println("full-precision step " + done + " of " + total + ", pass " + pass
                    + ", to learn what the layers read");
        }
    }

    private void requireText(TransformerFacts facts) {
        boolean textAlone = facts.latent().image() == TransformerFacts.Image.NONE
                && facts.text().pooledWidth() == 0
                && facts.text().encoders().size() == 1;
        if (!textAlone) {
            throw new ConfigException(facts.variant() + " reads more than the text of one encoder; wire it up in the"
                    + " canvas and save it with Save Quantized");
        }
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

    private List<Trajectories.Prompt> prompts(
            TransformerFacts facts, StatisticsPlan.SelfGenerated asked, Engine engine, CancellationToken cancellation)
            throws Exception {
        Path path = textEncoder == null ? Path.of("") : textEncoder;
        try (CheckpointFile file = CheckpointFiles.open(path);
                PromptTokenizer tokenizer = PromptTokenizer.of(file, path);
                TextEncoder encoder = TextEncoder.open(engine, file, tokenizer)) {
            TargetModel.refusal(facts.variant(), facts.text().encoders(), List.of(encoder.family()))
                    .ifPresent(reason -> {
                        throw new ConfigException("--text-encoder " + path + " " + reason);
                    });
            Optional<TargetModel> target = Stream.of(TargetModel.values())
                    .filter(known -> known.id().equals(facts.family()))
                    .findFirst();
            PromptFormat usual = PromptFormat.of(encoder.family(), target);
            PromptFormat format =
                    usual.withMaxTokens(Math.min(usual.maxTokens(), facts.text().length()));
            BranchConditioning empty = BranchConditioning.of(encoder.encode("", format, cancellation));
            List<Trajectories.Prompt> prompts = new ArrayList<>();
            for (String caption : asked.captions()) {
                BranchConditioning led = caption.isEmpty()
                        ? empty
                        : BranchConditioning.of(encoder.encode(caption, format, cancellation));
                prompts.add(new Trajectories.Prompt(led, empty));
            }
            return prompts;
        }
    }
}
