package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for BGR weights.
@NodeType(
        id = "BGRQuantize",
        title = "BGR Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller: its weights (the numbers in its file) get few bits instead"
                + " of 16, on values that are searched for each row so that little is lost. No data is"
                + " needed. DVD-Quant's bounded-init grid refinement: for each output channel the range"
                + " is shrunk to the one with the least error, then step, zero point and codes are"
                + " refined in turn. Works together with ARQ Activation in any order; the weights are"
                + " quantized once, after rotation, when the model is first used. Without an activation"
                + " node the activations stay in floating point (W4A16).",
        aliases = {"PBQ", "DVD-Quant", "W4", "quantize weights"})
public final class BGRQuantize implements Node<BGRQuantize.Inputs, BGRQuantize.Outputs> {

    /// See [BGRQuantize].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(
                    help = "Refinement rounds per channel after the bound search; 0 is the bound search alone (PBQ). It"
                            + " stops by itself when the error no longer falls.",
                    initial = "50",
                    min = 0,
                    max = 500,
                    advanced = true)
            int refinementRounds,

            @In(
                    help = "Refinement stops when the relative fall of the error is smaller.",
                    initial = "0.0001",
                    min = 0,
                    max = 0.1,
                    step = 0.0001,
                    advanced = true)
            double tolerance,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [BGRQuantize].
    public record Outputs(
            @Out(help = "The model with BGR weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightQuantizer quantizer = in.refinementRounds() == 0
                ? new WeightQuantizer.Pbq()
                : new WeightQuantizer.Bgr(in.refinementRounds(), in.tolerance());
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(quantizer, in.bits(), LayerRules.of(in.model(), in.keep()))));
    }
}
