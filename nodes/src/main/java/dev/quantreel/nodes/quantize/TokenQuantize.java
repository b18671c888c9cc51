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

/// Asks for activations with one scale per token.
@NodeType(
        id = "TokenQuantize",
        title = "Token Quantize",
        category = "quantize/activations",
        description = "Lets the model compute with few bits, not only store them: what flows between its"
                + " layers (the activations) is rounded while it runs, with one scale for each token, a"
                + " little piece of the video, as QuaRot (rotated, largest value), ViDiT-Q (range) and"
                + " most others do. Nothing is calibrated. Without a weight node the weights get 8 bits."
                + ActivationWidgets.SPEED,
        aliases = {"per token", "dynamic quantization", "QuaRot", "ViDiT-Q", "DualScale", "A8"})
public final class TokenQuantize implements Node<TokenQuantize.Inputs, TokenQuantize.Outputs> {

    /// What the scale of a token measures.
    public enum Scale {
        /// See [ActivationQuantizer.Token].
        LARGEST("largest value"),
        /// See [ActivationQuantizer.RowNormalized].
        RMS("rms"),
        /// See [ActivationQuantizer.TokenAsymmetric].
        RANGE("range"),
        /// See [ActivationQuantizer.DualScale].
        TWO_SIDED("two-sided");

        private final String label;

        Scale(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [TokenQuantize].
    public record Inputs(
            @In(help = "Model whose activations to quantize; not modified.")
            DiffusionModel model,

            @In(
                    help = "What the scale measures. largest value: symmetric. rms: symmetric, a step of 0.32 rms at 4"
                            + " bits, as good on rotated tokens and cheaper. range: from the smallest to the largest"
                            + " value, with a zero point. two-sided: scales of their own for positive and negative"
                            + " values, for inputs that come out of a GELU, not rotated (at 8 bits as largest value).",
                    initial = "largest value")
            Scale scale,

            @In(help = ActivationWidgets.BITS, initial = "8")
            ARQActivation.Bits bits,

            @In(
                    help = "Share of the largest value that the scale spans, for rms the number of rms; 0 takes the"
                            + " measured best for the bits, 1 does not clip. Ignored by range.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.05,
                    advanced = true)
            double clip,

            @SharedInputs RotatedInputs rotated) {}

    /// See [TokenQuantize].
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
        return switch (in.scale()) {
            case LARGEST -> new ActivationQuantizer.Token(ActivationWidgets.clip(in.clip(), ClipRatios.TOKEN));
            case RMS ->
                new ActivationQuantizer.RowNormalized(ActivationWidgets.clip(in.clip(), ClipRatios.ROW_NORMALIZED));
            case RANGE -> new ActivationQuantizer.TokenAsymmetric();
            case TWO_SIDED -> new ActivationQuantizer.DualScale(ActivationWidgets.clip(in.clip(), ClipRatios.BLOCK));
        };
    }
}
