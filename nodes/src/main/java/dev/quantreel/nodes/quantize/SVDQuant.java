package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for SVDQuant.
@NodeType(
        id = "SVDQuant",
        title = "SVDQuant",
        category = "quantize/methods",
        description = "Weights in few bits with a narrow 16-bit branch beside them that keeps what matters"
                + " most (SVDQuant): inputs are smoothed with a strength searched per layer, a 16-bit"
                + " branch takes the largest singular values out of the weights, the rest is quantized"
                + " symmetrically in groups of 64. Groups are multiplied in floating point here. Needs"
                + " Self Calibration before or behind it; take ARQ Activation in mode block without"
                + " rotation for its activations.",
        aliases = {"Nunchaku", "low rank"})
public final class SVDQuant implements Node<SVDQuant.Inputs, SVDQuant.Outputs> {

    private static final int GROUP = 64;
    private static final int CANDIDATES = 20;

    /// See [SVDQuant].
    public record Inputs(
            @In(help = "Model to quantize; not modified.") DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(help = "Rank of the branch.", initial = "32", min = 1, max = 512)
            int rank,

            @In(help = "Turns of the alternation; the best is kept.", initial = "10", min = 1, max = 100)
            int turns,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [SVDQuant].
    public record Outputs(
            @Out(help = "The model with SVDQuant planned.") DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightPlan weights =
                new WeightPlan(new WeightQuantizer.Symmetric(), in.bits(), new Granularity.PerGroup(GROUP));
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(weights, LayerRules.of(in.model(), in.keep())))
                .with(in.model()
                        .additions()
                        .with(new BranchPlan.LowRank(in.rank(), in.turns()))
                        .with(new SmoothingPlan.Searched(CANDIDATES))));
    }
}
