package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for weights by MSE clip search.
@NodeType(
        id = "ClipSearchQuantize",
        title = "MSE Clip Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller: its weights get few bits, and the few largest are cut off"
                + " where that makes the steps between all others finer. No data is needed. For each"
                + " output channel the range is shrunk to one of 80 sizes, both ends alike, with the"
                + " least error to the power of 2.4 (QuaRot, GPTQ, QVGen). BGR Quantize searches both"
                + " ends apart and refines. Weight Groups and Layer Rules, placed behind it, refine what"
                + " it asks for; a later weight node replaces it.",
        aliases = {"MSE", "clip", "QuaRot", "p = 2.4", "quantize weights"})
public final class ClipSearchQuantize implements Node<ClipSearchQuantize.Inputs, ClipSearchQuantize.Outputs> {

    /// See [ClipSearchQuantize].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(
                    help = "Power of the error whose sum is made least; 2 is the squared error, 2.4 as published.",
                    initial = "2.4",
                    min = 0.5,
                    max = 8,
                    step = 0.1,
                    advanced = true)
            double norm,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [ClipSearchQuantize].
    public record Outputs(
            @Out(help = "The model with clipped weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightPlan plan = new WeightPlan(new WeightQuantizer.ClipSearch(in.norm()), in.bits());
        return new Outputs(in.model().with(new DiffusionModel.Weights(plan, LayerRules.of(in.model(), in.keep()))));
    }
}
