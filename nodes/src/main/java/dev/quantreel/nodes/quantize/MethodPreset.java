package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.PublishedMethod;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Additions;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for weights and activations of a published method at once.
@NodeType(
        id = "MethodPreset",
        title = "Method Preset",
        category = "quantize/methods",
        description = "One published method in one node, the easiest way to begin: quantizes weights (the"
                + " numbers in the file) and activations (what flows between the layers) as its authors"
                + " do, without a data set. DVD-Quant: BGR weights, ARQ activations. QuaRot: symmetric"
                + " weights by clip search, rotated tokens clipped at 0.9. ConvRot: symmetric weights,"
                + " regular Hadamard matrix, one scale per token. OrbitQuant: permuted blocks and"
                + " Lloyd-Max values on both sides (weights of 2 to 6 bits). ViDiT-Q: smoothing then"
                + " rotation, asymmetric on both sides, the MLP at 8 bits. SVDQuant: searched smoothing,"
                + " a 16-bit branch of rank 32, groups of 64 on both sides, unsigned behind a GELU"
                + " (weights of 2 to 7 bits). SmoothQuant: symmetric, strength 0.5. MinMax: round to"
                + " nearest. ViDiT-Q, SVDQuant and SmoothQuant need Self Calibration before or behind"
                + " it. A later weight or activation node replaces its half." + ActivationWidgets.SPEED,
        aliases = {
            "QuaRot",
            "ConvRot",
            "OrbitQuant",
            "DVD-Quant",
            "ViDiT-Q",
            "SVDQuant",
            "SmoothQuant",
            "MinMax",
            "recipe"
        })
public final class MethodPreset implements Node<MethodPreset.Inputs, MethodPreset.Outputs> {

    /// See [MethodPreset].
    public record Inputs(
            @In(help = "Model to quantize; not modified.") DiffusionModel model,

            @In(help = "Whose weights and activations.", initial = "DVD-Quant")
            PublishedMethod method,

            @In(help = "Bits per weight; OrbitQuant takes 2 to 6, SVDQuant 2 to 7.", initial = "4", min = 2, max = 8)
            int weightBits,

            @In(help = ActivationWidgets.BITS, initial = "8")
            ARQActivation.Bits activationBits,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [MethodPreset].
    public record Outputs(
            @Out(help = "The model with weights and activations planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        QuantizationPlan plan = plan(in);
        Additions additions = in.model().additions();
        if (plan.branch() instanceof BranchPlan.LowRank) {
            additions = additions.with(plan.branch());
        }
        if (plan.smoothing().needsStatistics()) {
            additions = additions.with(plan.smoothing());
        }
        LayerRule rule = plan.layers().and(LayerRules.of(in.model(), in.keep()));
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(plan.weight(), rule))
                .with(new DiffusionModel.Activations(
                        plan.input(), in.activationBits().count()))
                .with(additions));
    }

    private static QuantizationPlan plan(Inputs in) {
        try {
            return in.method().plan(in.weightBits());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("weightBits", String.valueOf(e.getMessage()), e);
        }
    }
}
