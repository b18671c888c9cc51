package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for OrbitQuant's weights.
@NodeType(
        id = "OrbitWeights",
        title = "OrbitQuant Weights",
        category = "quantize/weights",
        description = "Makes the model smaller: every weight is replaced by the nearest of a short list of"
                + " values that lie dense where weights are frequent (OrbitQuant). No data is needed. A"
                + " row is its length times the nearest centroids of a Lloyd-Max codebook, which depends"
                + " on the width and the bits alone. The centroids are 8-bit integers (0.3 % off), so"
                + " products stay in integers. Wants rotated inputs: connect an activation node with a"
                + " rotation, else heavy-tailed rows fit the codebook badly. Layer Rules, placed behind"
                + " it, gives layers bits of their own; a later weight node replaces it.",
        aliases = {"OrbitQuant", "Lloyd-Max", "codebook", "quantize weights"})
public final class OrbitWeights implements Node<OrbitWeights.Inputs, OrbitWeights.Outputs> {

    /// See [OrbitWeights].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(
                    help = "Bits per weight; beyond 6, 8-bit integers do not hold the centroids apart.",
                    initial = "4",
                    min = 2,
                    max = 6)
            int bits,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [OrbitWeights].
    public record Outputs(
            @Out(help = "The model with OrbitQuant's weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightPlan plan = new WeightPlan(new WeightQuantizer.LloydMaxRows(), in.bits());
        return new Outputs(in.model().with(new DiffusionModel.Weights(plan, LayerRules.of(in.model(), in.keep()))));
    }
}
