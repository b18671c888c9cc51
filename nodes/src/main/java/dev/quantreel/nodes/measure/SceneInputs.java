package dev.quantreel.nodes.measure;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.nodes.sampling.SamplerChoice;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.util.Optional;

/// What all nodes ask that measure ways to run a model: how the videos are sampled, whatever they show, and what they
/// are measured against. Names and ranges are those of Sample Video.
public record SceneInputs(
        @In(help = "Size of the videos; that of Image To Video where they start from a picture.")
        Latent latent,

        @In(
                help = "What everything is measured against; without it the same model, of several the first, in full"
                        + " precision. Needed where that comes from Load Quantized, whose file lacks the original.")
        Optional<DiffusionModel> reference,

        @In(
                help = "The reference's second model for Wan 2.2 A14B, from Low-Noise Expert; without it that of the"
                        + " (first) model in full precision.")
        Optional<LowNoiseModel> referenceLowNoise,

        @In(
                help = "Seed of the noise; where there are several, the others follow.",
                initial = "0",
                min = 0,
                max = 9007199254740000d)
        long seed,

        @In(help = "Sampler steps.", initial = "16", min = 1, max = 1000)
        int steps,

        @In(
                help = "Strength of classifier-free guidance; Low-Noise Expert has a strength of its own.",
                initial = "4",
                min = 0,
                max = 30,
                step = 0.1)
        double cfg,

        @In(help = "Shift of the noise levels, see Sample Video.", initial = "3", min = 0, max = 100, step = 0.1)
        double shift,

        @In(
                help = "Spacing of the noise levels, see Sample Video.",
                initial = "linear",
                options = SamplerChoice.Schedules.class,
                advanced = true)
        String sigmas,

        @In(
                help = "Numerical method, see Sample Video.",
                initial = "euler",
                options = SamplerChoice.Samplers.class,
                advanced = true)
        String sampler) {

    /// What is generated from prompts, with the first noise.
    public Scene scene(Conditioning positive, Optional<Conditioning> negative) {
        return new Scene(positive, negative, latent, seed, new Scene.Sampler(steps, cfg, shift, sampler, sigmas));
    }

    /// What everything is measured against.
    ///
    /// @param first the first that is measured
    /// @throws NodeInputException when nothing was connected and full precision is not at hand
    /// @throws Exception when a file cannot be opened
    public Candidate reference(Candidate first, NodeContext context) throws Exception {
        DiffusionModel model = reference.isPresent()
                ? reference.get()
                : original(Candidate.unquantized(first.model()), "reference", context);
        Optional<LowNoiseModel> low = referenceLowNoise;
        if (low.isEmpty() && first.lowNoise().isPresent()) {
            LowNoiseModel same = first.lowNoise().get();
            low = Optional.of(new LowNoiseModel(
                    original(Candidate.unquantized(same.model()), "referenceLowNoise", context),
                    same.boundary(),
                    same.cfg()));
        }
        String name = reference.isPresent() ? "reference" : "full precision";
        return new Candidate(name, model, low, Optional.empty(), Optional.empty());
    }

    private static DiffusionModel original(DiffusionModel model, String port, NodeContext context) throws Exception {
        Optional<Artifact> artifact =
                Artifact.of(model.file().open(context).file().stored());
        artifact.ifPresent(quantized -> {
            throw new NodeInputException(
                    port,
                    "is not connected, and " + model.file().name() + " holds quantized weights without the original;"
                            + " accepted is Load DiT with "
                            + quantized.header().source().name());
        });
        return model;
    }
}
