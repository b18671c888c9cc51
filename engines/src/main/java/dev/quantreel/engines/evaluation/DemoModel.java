package dev.quantreel.engines.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.calibration.SelfCalibration;
import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// The bundled demo model: transformer, text encoder and decoder, with the sampler settings that its metadata
/// recommends. Not thread-safe.
public final class DemoModel implements AutoCloseable {

    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Engine engine;
    private final TransformerCheckpoint transformer;
    private final TextEncoder textEncoder;
    private final VaeDecoder vae;
    private final JsonNode sampling;

    private DemoModel(Engine engine, Files files) {
        this.engine = engine;
        this.transformer = TransformerCheckpoint.of(keep(SafetensorsFile.open(files.transformer())));
        SafetensorsFile text = keep(SafetensorsFile.open(files.textEncoder()));
        this.textEncoder = keep(TextEncoder.open(engine, text, PromptTokenizer.of(text, files.textEncoder())));
        this.vae = keep(VaeDecoder.open(engine, keep(SafetensorsFile.open(files.vae()))));
        try {
            this.sampling = new ObjectMapper().readTree(transformer.metadata().getOrDefault("sampling", "{}"));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(transformer.source() + ": metadata 'sampling' is not JSON", e);
        }
    }

    /// Where the three files lie.
    public record Files(Path transformer, Path textEncoder, Path vae) {}

    /// @throws IllegalArgumentException when a file is missing or of another family
    public static DemoModel open(Engine engine, Files files) {
        return new DemoModel(engine, files);
    }

    public Engine engine() {
        return engine;
    }

    public TransformerCheckpoint transformer() {
        return transformer;
    }

    /// Steps, guidance and shift from the metadata (20, 4 and 3 where it is silent).
    public SamplerSettings settings() {
        return new SamplerSettings(
                sampling.path("steps").asInt(20),
                sampling.path("cfg").asDouble(4),
                new SigmaSchedule.Linear(sampling.path("shift").asDouble(3)));
    }

    /// Shape of a latent of the recommended size, `[1, channels, frames, height, width]`.
    public Shape latentShape() {
        return Shape.of(
                1,
                transformer.facts().latent().channels(),
                sampling.path("latent_frames").asInt(3),
                sampling.path("height").asInt(64) / 8,
                sampling.path("width").asInt(64) / 8);
    }

    /// Statistics of the transformer's activations, made by itself at the recommended size and guidance.
    SelfCalibration calibration(StatisticsPlan.SelfGenerated plan, CancellationToken cancellation) {
        return SelfCalibration.of(
                new SelfCalibration.Model(engine, transformer, transformer.blockLinears()),
                trajectories(plan),
                SelfCalibration.Progress.NONE,
                cancellation);
    }

    /// Generations of the recommended size and guidance, for the model to be watched at.
    Trajectories trajectories(StatisticsPlan.SelfGenerated plan) {
        SamplerSettings recommended = settings();
        Tensor empty = encode("");
        List<Trajectories.Prompt> prompts = plan.captions().stream()
                .map(caption ->
                        new Trajectories.Prompt(BranchConditioning.of(encode(caption)), BranchConditioning.of(empty)))
                .toList();
        return new Trajectories(
                prompts,
                new SamplerSettings(plan.steps(), recommended.cfg(), recommended.schedule()),
                latentShape(),
                plan.trajectories(),
                plan.seed());
    }

    /// Text embedding, F32 `[1, textLength, textDim]`.
    public Tensor encode(String prompt) {
        return textEncoder.encode(prompt, transformer.facts().text().length(), CancellationToken.NONE);
    }

    public Frames decode(Tensor latent, CancellationToken cancellation) {
        return vae.decode(latent, cancellation);
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("cannot close a part of the demo model", e);
            }
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        owned.push(resource);
        return resource;
    }
}
