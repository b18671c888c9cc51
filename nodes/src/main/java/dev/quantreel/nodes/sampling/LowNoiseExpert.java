package dev.quantreel.nodes.sampling;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;

/// The second model of a generation with two experts.
@NodeType(
        id = "LowNoiseExpert",
        title = "Low-Noise Expert",
        category = "sampling",
        description =
                "Wan 2.2 A14B comes as two models: the high-noise one goes into Sample Video's model, the low-noise"
                        + " one here and into its lowNoise. It takes over where the noise level falls below the boundary, with a"
                        + " cfg of its own. Only one of the two is held in memory where both would not fit.",
        aliases = {"WanExperts", "Wan 2.2", "A14B", "MoE", "high noise", "low noise"})
public final class LowNoiseExpert implements Node<LowNoiseExpert.Inputs, LowNoiseExpert.Outputs> {

    /// See [LowNoiseExpert].
    public record Inputs(
            @In(help = "The low-noise model, quantized or not.")
            DiffusionModel model,

            @In(
                    help = "Noise level below which it runs: 0.875 for text to video, 0.9 for image to video.",
                    initial = "0.875",
                    min = 0,
                    max = 1,
                    step = 0.005)
            double boundary,

            @In(
                    help =
                            "Strength of its guidance: 3 for text to video (the high-noise model has 4), 3.5 for image to"
                                    + " video; 1 leaves the second pass out.",
                    initial = "3",
                    min = 0,
                    max = 30,
                    step = 0.1)
            double cfg) {}

    /// See [LowNoiseExpert].
    public record Outputs(
            @Out(help = "For lowNoise of Sample Video.") LowNoiseModel lowNoise) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(new LowNoiseModel(in.model(), in.boundary(), in.cfg()));
    }
}
