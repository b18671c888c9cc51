package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for smoothing of the inputs of quantized linears.
@NodeType(
        id = "SmoothQuant",
        title = "SmoothQuant",
        category = "quantize/activations",
        description = "Helps few bits to suffice where some channels are much louder than others: each is"
                + " divided by a factor, and the weight that reads it is multiplied with it, so that the"
                + " result stays the same and rounding gets easier. Happens before rotation and"
                + " quantization. With a rotation in ARQ Activation this is ViDiT-Q's static-dynamic"
                + " balancing. Needs Self Calibration before or behind it, unless the factors are those of the very"
                + " input.",
        aliases = {"smoothing", "ViDiT-Q", "channel balancing"})
public final class SmoothQuant implements Node<SmoothQuant.Inputs, SmoothQuant.Outputs> {

    /// How strong.
    public enum Strength {
        /// As `alpha` says.
        FIXED("fixed"),
        /// Searched per input.
        SEARCHED("searched"),
        /// Of the very input, at every step.
        OF_INPUT("of the very input");

        private final String title;

        Strength(String title) {
            this.title = title;
        }

        @Override
        public String toString() {
            return title;
        }
    }

    /// See [SmoothQuant].
    public record Inputs(
            @In(help = "Model whose inputs to smooth; not modified.")
            DiffusionModel model,

            @In(
                    help =
                            "Fixed takes alpha; searched tries 20 values for every input and keeps the one with the least"
                                    + " expected error (SVDQuant). Of the very input takes alpha and the loudest values"
                                    + " of the input itself: weights stay in full precision and are rounded anew at"
                                    + " every step, by MinMax, so that it saves no memory and costs time.",
                    initial = "fixed")
            Strength strength,

            @In(
                    help = "Share of the burden that weights take: 0.5 is usual, 0.01 to 0.12 with 4-bit weights"
                            + " (ViDiT-Q).",
                    initial = "0.5",
                    min = 0,
                    max = 1,
                    step = 0.01)
            double alpha) {}

    /// See [SmoothQuant].
    public record Outputs(
            @Out(help = "The model with smoothed inputs planned.")
            DiffusionModel model) {}

    private static final int CANDIDATES = 20;

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        SmoothingPlan smoothing =
                switch (in.strength()) {
                    case FIXED -> new SmoothingPlan.FromStatistics(in.alpha());
                    case SEARCHED -> new SmoothingPlan.Searched(CANDIDATES);
                    case OF_INPUT -> new SmoothingPlan.OfInput(in.alpha());
                };
        return new Outputs(in.model().with(in.model().additions().with(smoothing)));
    }
}
