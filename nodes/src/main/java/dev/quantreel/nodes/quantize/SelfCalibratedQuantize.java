package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for the best recipe known: rotation, GPTQ on self-made statistics, low-rank branch.
@NodeType(
        id = "SelfCalibratedQuantize",
        title = "Self-Calibrated Quantize",
        category = "quantize",
        description =
                "The recipe with the least error on the demo model: rotated weights by GPTQ on statistics that the"
                        + " model makes itself, a 16-bit low-rank branch, activations as ARQ Activation's auto mode. The same as"
                        + " GPTQ Quantize, Low-Rank Branch and ARQ Activation in a row; needs Self Calibration before or behind"
                        + " it.",
        aliases = {"best", "recipe", "preset", "W4A8", "W4A4"})
public final class SelfCalibratedQuantize
        implements Node<SelfCalibratedQuantize.Inputs, SelfCalibratedQuantize.Outputs> {

    private static final int TURNS = 10;

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
        BranchPlan branch = in.rank() == 0 ? new BranchPlan.None() : new BranchPlan.LowRank(in.rank(), TURNS);
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(new WeightQuantizer.Gptq(), in.weightBits(), LayerRules.of(in.keep())))
                .with(new DiffusionModel.Activations(
                        new ActivationQuantizer.Auto(), new RotationPlan.Hadamard(256, 0), in.activationBits()))
                .with(in.model().additions().with(branch)));
    }
}
