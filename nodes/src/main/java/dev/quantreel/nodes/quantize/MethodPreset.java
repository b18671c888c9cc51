package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for weights and activations of a published method at once.
@NodeType(
        id = "MethodPreset",
        title = "Method Preset",
        category = "quantize",
        description =
                "Quantizes weights and activations as a published method does, without data. DVD-Quant: BGR weights,"
                        + " ARQ activations. QuaRot: symmetric weights by clip search, rotated tokens clipped at 0.9. ConvRot:"
                        + " symmetric weights, regular Hadamard matrix, one scale per token. OrbitQuant: permuted blocks and"
                        + " Lloyd-Max values on both sides (weights of 2 to 6 bits). A later weight or activation node replaces"
                        + " its half."
                        + ActivationWidgets.SPEED,
        aliases = {"QuaRot", "ConvRot", "OrbitQuant", "DVD-Quant", "recipe"})
public final class MethodPreset implements Node<MethodPreset.Inputs, MethodPreset.Outputs> {

    /// Published methods.
    public enum Method {
        /// BGR and ARQ.
        DVD_QUANT("DVD-Quant"),
        /// Random-sign Hadamard, symmetric on both sides.
        QUAROT("QuaRot"),
        /// Regular Hadamard, symmetric on both sides.
        CONVROT("ConvRot"),
        /// Permuted Hadamard, Lloyd-Max values on both sides.
        ORBIT_QUANT("OrbitQuant");

        private final String label;

        Method(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [MethodPreset].
    public record Inputs(
            @In(help = "Model to quantize; not modified.") DiffusionModel model,

            @In(help = "Whose weights and activations.", initial = "DVD-Quant")
            Method method,

            @In(help = "Bits per weight; OrbitQuant takes 2 to 6.", initial = "4", min = 2, max = 8)
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
        InputPlan inputs = inputs(in.method());
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(plan(in), LayerRules.of(in.keep())))
                .with(new DiffusionModel.Activations(inputs, in.activationBits().count())));
    }

    private static WeightPlan plan(Inputs in) {
        try {
            return new WeightPlan(weights(in.method()), in.weightBits());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("weightBits", String.valueOf(e.getMessage()), e);
        }
    }

    private static WeightQuantizer weights(Method method) {
        return switch (method) {
            case DVD_QUANT -> new WeightQuantizer.Bgr();
            case QUAROT -> new WeightQuantizer.Symmetric(true);
            case CONVROT -> new WeightQuantizer.Symmetric();
            case ORBIT_QUANT -> new WeightQuantizer.LloydMaxRows();
        };
    }

    private static InputPlan inputs(Method method) {
        return switch (method) {
            case DVD_QUANT -> new InputPlan(new RotationPlan.Hadamard(256, 0), new ActivationQuantizer.Auto());
            case QUAROT ->
                new InputPlan(
                        new RotationPlan.Hadamard(256, 0),
                        new ActivationQuantizer.Token(new ClipRatios(0.9f, 0.9f, 0.9f)));
            case CONVROT ->
                new InputPlan(new RotationPlan.Regular(256), new ActivationQuantizer.Token(ClipRatios.NONE));
            case ORBIT_QUANT -> new InputPlan(new RotationPlan.Permuted(0), new ActivationQuantizer.Centroids());
        };
    }
}
