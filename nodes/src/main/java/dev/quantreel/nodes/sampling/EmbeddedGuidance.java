package dev.quantreel.nodes.sampling;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Conditioning;

/// Sets the guidance that a distilled model reads as a number.
@NodeType(
        id = "EmbeddedGuidance",
        title = "Embedded Guidance",
        category = "sampling",
        description = "Sets the strength of guidance for models that were distilled to read it as a number and need one"
                + " pass instead of two, such as HunyuanVideo. Their cfg in Sample Video is 1. Of no effect on others;"
                + " without this node the model's usual strength is taken, 6 for HunyuanVideo.",
        aliases = {"FluxGuidance", "guidance", "distilled"})
public final class EmbeddedGuidance implements Node<EmbeddedGuidance.Inputs, EmbeddedGuidance.Outputs> {

    /// See [EmbeddedGuidance].
    public record Inputs(
            @In(help = "The encoded prompt.") Conditioning conditioning,

            @In(help = "Strength; HunyuanVideo 6.", initial = "6", min = 0, max = 100, step = 0.1)
            double guidance) {}

    /// See [EmbeddedGuidance].
    public record Outputs(
            @Out(help = "The prompt with its guidance.") Conditioning conditioning) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(in.conditioning().withGuidance(in.guidance()));
    }
}
