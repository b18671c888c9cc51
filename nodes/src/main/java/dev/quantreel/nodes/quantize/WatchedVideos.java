package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.sampling.PaddedText;
import dev.quantreel.nodes.sampling.SamplerChoice;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import java.util.List;
import java.util.Optional;

/// What nodes ask that let a model make videos out of noise to watch its layers.
public record WatchedVideos(
        @In(help = "What leads the videos that the model makes to be watched; an empty prompt will do.")
        Conditioning positive,

        @In(help = "What guidance leads away from; not needed when cfg is 1.")
        Optional<Conditioning> negative,

        @In(help = "Size of the videos: that of the later ones, or a smaller one of as many frames.")
        Latent latent,

        @In(help = "Sampler steps of each video.", initial = "8", min = 1, max = 100)
        int steps,

        @In(
                help = "Guidance of these videos; 1 leaves the second pass out.",
                initial = "4",
                min = 0,
                max = 30,
                step = 0.1)
        double cfg,

        @In(
                help = "Shift of the noise levels of these videos; 0 takes the model's own.",
                initial = "0",
                min = 0,
                max = 100,
                step = 0.1,
                advanced = true)
        double shift,

        @In(help = "Seed of the first noise.", initial = "0", min = 0, max = 9007199254740991d, advanced = true)
        long seed) {

    /// The first of them.
    Scene scene() {
        return new Scene(positive, negative, latent, seed, new Scene.Sampler(steps, cfg, shift, "auto", "auto"));
    }

    /// @param count videos, each from other noise
    /// @throws NodeInputException when guidance has nothing to lead away from
    Trajectories trajectories(DiffusionModel model, int count, NodeContext context) throws Exception {
        PaddedText text = new PaddedText(model.facts(), context);
        BranchConditioning led = text.of("positive", positive);
        BranchConditioning away = cfg == 1
                ? led
                : text.of(
                        "negative",
                        negative.orElseThrow(() -> new NodeInputException(
                                "negative",
                                "is not connected while cfg is " + cfg
                                        + "; connect Encode Prompt with an empty text, or set cfg to 1")));
        return new Trajectories(
                List.of(new Trajectories.Prompt(led, away)),
                new SamplerChoice(model.facts()).own(steps, cfg, shift, latent),
                latent.samples().shape(),
                count,
                seed);
    }
}
