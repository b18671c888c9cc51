package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.Optional;

/// Asks for the best recipe known: rotation, GPTQ on self-made statistics, low-rank branch.
@NodeType(
        id = "SelfCalibratedQuantize",
        title = "Self-Calibrated Quantize",
        category = "quantize/methods",
        description = "The most exact recipe for its size on the demo model, in one node: rotated weights"
                + " in groups of 64 by GPTQ on statistics that the model makes itself, a 16-bit low-rank"
                + " branch, activations with a scale per 32 channels (8 bits: per token). The same as"
                + " GPTQ Quantize, Weight Groups, Low-Rank Branch and ARQ Activation in a row; needs"
                + " Self Calibration before or behind it.",
        aliases = {"best", "recipe", "preset", "W4A8", "W4A4"})
public final class SelfCalibratedQuantize
        implements Node<SelfCalibratedQuantize.Inputs, SelfCalibratedQuantize.Outputs> {

    /// See [SelfCalibratedQuantize].
    public record Inputs(
            @In(help = "Model to quantize; not modified.") DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int weightBits,

            @In(
                    help = "Bits per activation where no schedule says otherwise.",
                    initial = "8",
                    min = 4,
                    max = 8,
                    step = 2)
            int activationBits,

            @In(help = "Rank of the 16-bit branch; 0 leaves it out.", initial = "32", min = 0, max = 512)
            int rank,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [SelfCalibratedQuantize].
    public record Outputs(
            @Out(help = "The model with the recipe planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        QuantizationPlan plan = SelfCalibrated.plan(in.weightBits(), in.rank(), Optional.empty());
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(plan.weight(), LayerRules.of(in.model(), in.keep())))
                .with(new DiffusionModel.Activations(plan.input(), in.activationBits()))
                .with(in.model().additions().with(plan.branch())));
    }
}
