package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for rotated, dynamically quantized activations.
@NodeType(
        id = "ARQActivation",
        title = "ARQ Activation",
        category = "quantize/activations",
        description = "Lets the model compute with few bits, not only store them: what flows between its"
                + " layers (the activations) is rounded while it runs, after a mixing of channels that"
                + " leaves no large values standing out. DVD-Quant's auto-scaling rotated quantization"
                + " (ARQ): a random-sign Hadamard rotation spreads outliers over the channels, then"
                + " scales are measured from the data itself, so nothing is calibrated. The weights are"
                + " rotated to match and quantized after that. Without a weight node the weights get 8"
                + " bits." + ActivationWidgets.SPEED,
        aliases = {"rotation", "Hadamard", "QuaRot", "A4", "A8", "DVD-Quant"})
public final class ARQActivation implements Node<ARQActivation.Inputs, ARQActivation.Outputs> {

    /// Where the scales lie.
    public enum Mode {
        /// See [ActivationQuantizer.Auto].
        AUTO("auto"),
        /// See [ActivationQuantizer.Block].
        BLOCK("block"),
        /// See [ActivationQuantizer.BlockExact].
        BLOCK_EXACT("block, exact"),
        /// See [ActivationQuantizer.Token].
        TOKEN("token"),
        /// See [ActivationQuantizer.Channel].
        CHANNEL("channel"),
        /// See [ActivationQuantizer.ChannelToken].
        CHANNEL_TOKEN("channel + token"),
        /// See [ActivationQuantizer.ChannelToken] with rms.
        CHANNEL_TOKEN_RMS("channel (rms) + token"),
        /// See [ActivationQuantizer.RowNormalized].
        ROW_NORMALIZED("rms, static");

        private final String label;

        Mode(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// Bits of an activation.
    public enum Bits {
        /// 4 bits.
        FOUR(4),
        /// 6 bits.
        SIX(6),
        /// 8 bits.
        EIGHT(8);

        private final int count;

        Bits(int count) {
            this.count = count;
        }

        int count() {
            return count;
        }

        @Override
        public String toString() {
            return Integer.toString(count);
        }
    }

    /// See [ARQActivation].
    public record Inputs(
            @In(help = "Model whose activations to quantize; not modified.")
            DiffusionModel model,

            @In(
                    help = "Where the scales lie. auto: one per token and block of channels below 8 bits, rms at 8."
                            + " block, exact: the reference of block, slow. token: one per token (QuaRot). channel: one"
                            + " per channel, the paper's literal form. channel + token: both. rms, static: the token"
                            + " divided by its rms, then a constant scale.",
                    initial = "auto")
            Mode mode,

            @In(help = ActivationWidgets.BITS, initial = "4")
            Bits bits,

            @In(help = "Channels per scale in the block modes.", initial = "64", min = 8, max = 1024, step = 8)
            int groupSize,

            @In(
                    help = "Share of the largest absolute value that a scale spans, for rms the number of rms; 0 takes"
                            + " the measured best for the mode and the bits.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.05,
                    advanced = true)
            double clip,

            @SharedInputs RotatedInputs rotated) {}

    /// See [ARQActivation].
    public record Outputs(
            @Out(help = "The model with quantized activations planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(in.model()
                .with(new DiffusionModel.Activations(
                        in.rotated().plan(quantizer(in)), in.bits().count())));
    }

    private static ActivationQuantizer quantizer(Inputs in) {
        ClipRatios block = ActivationWidgets.clip(in.clip(), ClipRatios.BLOCK);
        return switch (in.mode()) {
            case AUTO ->
                new ActivationQuantizer.Auto(
                        new ActivationQuantizer.Block(in.groupSize(), block), new ActivationQuantizer.RowNormalized());
            case BLOCK -> new ActivationQuantizer.Block(in.groupSize(), block);
            case BLOCK_EXACT -> new ActivationQuantizer.BlockExact(in.groupSize(), block);
            case TOKEN -> new ActivationQuantizer.Token(ActivationWidgets.clip(in.clip(), ClipRatios.TOKEN));
            case CHANNEL -> new ActivationQuantizer.Channel();
            case CHANNEL_TOKEN -> new ActivationQuantizer.ChannelToken();
            case CHANNEL_TOKEN_RMS -> new ActivationQuantizer.ChannelToken(ActivationQuantizer.Statistic.RMS);
            case ROW_NORMALIZED ->
                new ActivationQuantizer.RowNormalized(ActivationWidgets.clip(in.clip(), ClipRatios.ROW_NORMALIZED));
        };
    }
}
