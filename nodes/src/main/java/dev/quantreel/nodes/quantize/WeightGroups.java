package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Gives planned weights steps by groups of columns.
@NodeType(
        id = "WeightGroups",
        title = "Weight Groups",
        category = "quantize/weights",
        description = "Makes quantized weights more exact for a few bytes more: refines the weight node"
                + " before it so that groups of columns in a row get a step and a zero point of their"
                + " own, for any method. Steps that are integer multiples of the row's keep the product"
                + " in integers (2 to 5 bits; 0.25 bits per weight more in groups of 64); free steps fit"
                + " a little better, but the product runs in floating point (0.375 bits more).",
        aliases = {"group size", "group-wise", "g64", "g128"})
public final class WeightGroups implements Node<WeightGroups.Inputs, WeightGroups.Outputs> {

    /// What a group has of its own.
    public enum Steps {
        /// Steps that are multiples of the row's.
        MULTIPLES("multiples of the row's step (integer product)"),
        /// Any steps.
        FREE("own steps (floating-point product)"),
        /// No groups.
        ROW("one step per row");

        private final String label;

        Steps(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [WeightGroups].
    public record Inputs(
            @In(help = "Model behind a weight node; not modified.")
            DiffusionModel model,

            @In(
                    help = "Columns of a group; where it does not divide a width, the greatest common divisor.",
                    initial = "64",
                    min = 2,
                    max = 4096,
                    step = 32)
            int groupSize,

            @In(help = "What the steps of groups may be.", initial = "multiples of the row's step (integer product)")
            Steps steps) {}

    /// See [WeightGroups].
    public record Outputs(
            @Out(help = "The model with weights in groups planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        DiffusionModel.Weights weights = planned(in.model());
        Granularity granularity =
                switch (in.steps()) {
                    case MULTIPLES -> new Granularity.GroupMultiples(in.groupSize());
                    case FREE -> perGroup(in.groupSize());
                    case ROW -> new Granularity.PerRow();
                };
        try {
            return new Outputs(
                    in.model().with(new DiffusionModel.Weights(weights.plan().with(granularity), weights.layers())));
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("steps", String.valueOf(e.getMessage()), e);
        }
    }

    static Granularity perGroup(int groupSize) {
        try {
            return new Granularity.PerGroup(groupSize);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("groupSize", String.valueOf(e.getMessage()), e);
        }
    }

    /// The weights that a node before asked for.
    static DiffusionModel.Weights planned(DiffusionModel model) {
        return model.weights()
                .orElseThrow(() -> new NodeInputException(
                        "model",
                        "has no weights to quantize; accepted is a model behind a weight node such as BGR Quantize,"
                                + " MinMax Quantize or HQQ Quantize"));
    }
}
