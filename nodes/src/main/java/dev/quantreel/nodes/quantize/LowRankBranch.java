package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for a 16-bit branch of low rank beside every quantized linear.
@NodeType(
        id = "LowRankBranch",
        title = "Low-Rank Branch",
        category = "quantize/corrections",
        description = "Makes a quantized model more exact for some more bytes: what matters most in every"
                + " weight (its largest singular values) stays in 16 bits, as two narrow matrices that"
                + " run beside the linear; only the rest is quantized (SVDQuant). Needs no data; helps"
                + " every weight method. Costs rank times (inputs + outputs) times 2 bytes a layer, and"
                + " the time of two narrow products. No effect on a model whose weights are not"
                + " quantized.",
        aliases = {"SVDQuant", "SVD", "low rank"})
public final class LowRankBranch implements Node<LowRankBranch.Inputs, LowRankBranch.Outputs> {

    /// See [LowRankBranch].
    public record Inputs(
            @In(help = "Model whose weights are quantized; not modified.")
            DiffusionModel model,

            @In(
                    help = "Rank: 32 is usual for models 3,072 wide, 16 for the demo model.",
                    initial = "32",
                    min = 1,
                    max = 512)
            int rank,

            @In(
                    help = "Turns of solving the branch for what the codes leave, and the codes for what the branch"
                            + " leaves; the best is kept. 1 takes the singular values alone.",
                    initial = "10",
                    min = 1,
                    max = 100)
            int turns) {}

    /// See [LowRankBranch].
    public record Outputs(
            @Out(help = "The model with branches planned.") DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(in.model().with(in.model().additions().with(new BranchPlan.LowRank(in.rank(), in.turns()))));
    }
}
