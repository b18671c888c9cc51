package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;

/// Asks for OrbitQuant's activations.
@NodeType(
        id = "OrbitQuantActivation",
        title = "OrbitQuant Activation",
        category = "quantize/activations",
        description = "Lets the model compute with few bits, not only store them: what flows between its"
                + " layers (the activations) is replaced by the nearest of a short list of values while"
                + " it runs (OrbitQuant). Channels are put in a random order and rotated, the token is"
                + " divided by its norm, and every value is rounded to the nearest of a fixed set that"
                + " is best for random directions (Lloyd-Max). Only the norm depends on data. Nothing is"
                + " calibrated. Without a weight node the weights get 8 bits." + ActivationWidgets.SPEED,
        aliases = {"RPBH", "Lloyd-Max", "codebook", "OrbitQuant", "A4"})
public final class OrbitQuantActivation implements Node<OrbitQuantActivation.Inputs, OrbitQuantActivation.Outputs> {

    /// See [OrbitQuantActivation].
    public record Inputs(
            @In(help = "Model whose activations to quantize; not modified.")
            DiffusionModel model,

            @In(help = ActivationWidgets.BITS, initial = "4")
            ARQActivation.Bits bits,

            @In(help = "Seed of order and signs.", initial = "0", min = 0, max = 2147483647, advanced = true)
            int rotationSeed,

            @In(
                    help =
                            "Carries the values by 16-bit integers, in two products, instead of 8-bit ones, which are off"
                                    + " by 0.2 to 0.3 percent: the reference, twice as slow.",
                    initial = "false",
                    advanced = true)
            boolean exact) {}

    /// See [OrbitQuantActivation].
    public record Outputs(
            @Out(help = "The model with quantized activations planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        InputPlan plan = new InputPlan(
                new RotationPlan.Permuted(in.rotationSeed()), new ActivationQuantizer.Centroids(in.exact()));
        return new Outputs(
                in.model().with(new DiffusionModel.Activations(plan, in.bits().count())));
    }
}
