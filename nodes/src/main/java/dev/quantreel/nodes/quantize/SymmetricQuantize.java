package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for symmetric weights.
@NodeType(
        id = "SymmetricQuantize",
        title = "Symmetric Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller: its weights get few bits, on values that lie alike above"
                + " and below 0, which is what most fast kernels of other programs take. No data is"
                + " needed. As in ConvRot, QuaRot and SVDQuant the step is the largest magnitude of an"
                + " output channel over the largest code, or the one with the least squared error."
                + " Weight Groups and Layer Rules, placed behind it, refine what it asks for; a later"
                + " weight node replaces it.",
        aliases = {"absmax", "ConvRot", "QuaRot", "quantize weights"})
public final class SymmetricQuantize implements Node<SymmetricQuantize.Inputs, SymmetricQuantize.Outputs> {

    /// See [SymmetricQuantize].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(
                    help =
                            "Shrinks the range to the least squared error and refines the step; otherwise the range is that"
                                    + " of the largest magnitude.",
                    initial = "true")
            boolean search,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [SymmetricQuantize].
    public record Outputs(
            @Out(help = "The model with symmetric weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightPlan plan = new WeightPlan(new WeightQuantizer.Symmetric(in.search()), in.bits());
        return new Outputs(in.model().with(new DiffusionModel.Weights(plan, LayerRules.of(in.model(), in.keep()))));
    }
}
