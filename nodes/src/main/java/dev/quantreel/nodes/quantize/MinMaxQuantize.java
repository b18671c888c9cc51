package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for MinMax weights, and MinMax activations where wanted.
@NodeType(
        id = "MinMaxQuantize",
        title = "MinMax Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller in the simplest way, the baseline of all others: its weights"
                + " (the numbers in its file) are rounded to few evenly spaced values between the"
                + " smallest and the largest, per output channel or for the whole matrix; activations"
                + " (what flows between the layers while it runs), where asked for, in the same way for"
                + " each token. Compare BGR Quantize and ARQ Activation with it. A later weight or"
                + " activation node replaces what this one asked for.",
        aliases = {"RTN", "round to nearest", "baseline", "quantize weights"})
public final class MinMaxQuantize implements Node<MinMaxQuantize.Inputs, MinMaxQuantize.Outputs> {

    /// How many weights share a range.
    public enum Range {
        /// One range per row of the matrix.
        CHANNEL("per output channel"),
        /// One range for the matrix.
        TENSOR("per tensor");

        private final String label;

        Range(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// Whether activations are quantized, too.
    public enum ActivationBits {
        /// Leaves the activations as they are.
        UNCHANGED("unchanged", 0),
        /// 4 bits.
        FOUR("4", 4),
        /// 6 bits.
        SIX("6", 6),
        /// 8 bits.
        EIGHT("8", 8);

        private final String label;
        private final int bits;

        ActivationBits(String label, int bits) {
            this.label = label;
            this.bits = bits;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [MinMaxQuantize].
    public record Inputs(
            @In(help = "Model to quantize; not modified.") DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(help = "How many weights share a range.", initial = "per output channel")
            Range range,

            @In(
                    help = "Bits of the activations, quantized per token over their range; 'unchanged' leaves them to"
                            + " ARQ Activation or in floating point.",
                    initial = "unchanged")
            ActivationBits activationBits,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [MinMaxQuantize].
    public record Outputs(
            @Out(help = "The model with MinMax quantization planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        Granularity granularity = in.range() == Range.CHANNEL ? new Granularity.PerRow() : new Granularity.PerTensor();
        DiffusionModel model = in.model()
                .with(new DiffusionModel.Weights(
                        new WeightPlan(new WeightQuantizer.MinMax(), in.bits(), granularity),
                        LayerRules.of(in.model(), in.keep())));
        if (in.activationBits() == ActivationBits.UNCHANGED) {
            return new Outputs(model);
        }
        return new Outputs(model.with(new DiffusionModel.Activations(
                new ActivationQuantizer.TokenAsymmetric(), new RotationPlan.None(), in.activationBits().bits)));
    }
}
