package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for GPTQ weights.
@NodeType(
        id = "GPTQQuantize",
        title = "GPTQ Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller: its weights get few bits, chosen by what its layers really"
                + " read, so that what they put out changes least. More exact than methods that look at"
                + " the weights alone, and slower to prepare. GPTQ, in the rotated basis: columns are"
                + " rounded one after the other, and each makes up for the errors of those before it, as"
                + " statistics of the layer's input say. The grids are those of BGR Quantize. Needs Self"
                + " Calibration before or behind it, which lets the model make the statistics itself.",
        aliases = {"OPTQ", "error feedback", "W4", "quantize weights"})
public final class GPTQQuantize implements Node<GPTQQuantize.Inputs, GPTQQuantize.Outputs> {

    /// See [GPTQQuantize].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(
                    help =
                            "Share of the mean energy of the channels that is added to each, so that what was seldom seen"
                                    + " is not overrated.",
                    initial = "0.01",
                    min = 0.0001,
                    max = 1,
                    step = 0.001,
                    advanced = true)
            double damping,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [GPTQQuantize].
    public record Outputs(
            @Out(help = "The model with GPTQ weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        WeightQuantizer quantizer = new WeightQuantizer.Gptq(new WeightQuantizer.Bgr(), in.damping());
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(quantizer, in.bits(), LayerRules.of(in.model(), in.keep()))));
    }
}
