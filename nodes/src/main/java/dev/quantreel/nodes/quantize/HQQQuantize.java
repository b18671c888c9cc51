package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for HQQ weights.
@NodeType(
        id = "HQQQuantize",
        title = "HQQ Quantize",
        category = "quantize/weights",
        description = "Makes the model smaller: its weights get few bits, fitted to the many ordinary ones"
                + " rather than to rare large ones. No data is needed. Half-quadratic quantization"
                + " (HQQ): the step is that of the range of a group, a fractional zero point is fitted"
                + " to the weights less what shrinkage takes for outliers. Because of the fractions the"
                + " product runs in floating point, on the same quantized activations; only 8-bit"
                + " weights of one group per row stay in integers. Layer Rules, placed behind it, gives"
                + " layers bits of their own; a later weight node replaces it.",
        aliases = {"half-quadratic", "HQQ", "quantize weights"})
public final class HQQQuantize implements Node<HQQQuantize.Inputs, HQQQuantize.Outputs> {

    /// See [HQQQuantize].
    public record Inputs(
            @In(help = "Model whose weights to quantize; not modified.")
            DiffusionModel model,

            @In(help = "Bits per weight.", initial = "4", min = 2, max = 8)
            int bits,

            @In(
                    help = "Columns that share a step and a zero point; 0 is the whole row. Where it does not divide a"
                            + " width, the greatest common divisor.",
                    initial = "64",
                    min = 0,
                    max = 4096,
                    step = 32)
            int groupSize,

            @In(help = "Turns at most; it stops when the error no longer falls.", initial = "20", min = 0, max = 200)
            int iterations,

            @In(
                    help = "Strength of the shrinkage, in units of the weights; larger takes less for outliers.",
                    initial = "10",
                    min = 0.01,
                    max = 100000,
                    step = 1,
                    advanced = true)
            double beta,

            @In(
                    help = "Norm of the shrinkage, below 1; 0.7 as published.",
                    initial = "0.7",
                    min = 0.1,
                    max = 1,
                    step = 0.05,
                    advanced = true)
            double norm,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [HQQQuantize].
    public record Outputs(
            @Out(help = "The model with HQQ weights planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        Granularity granularity =
                in.groupSize() == 0 ? new Granularity.PerRow() : WeightGroups.perGroup(in.groupSize());
        WeightPlan plan = new WeightPlan(
                new WeightQuantizer.Hqq(in.norm(), in.beta(), 1.01, in.iterations()), in.bits(), granularity);
        return new Outputs(in.model().with(new DiffusionModel.Weights(plan, LayerRules.of(in.model(), in.keep()))));
    }
}
