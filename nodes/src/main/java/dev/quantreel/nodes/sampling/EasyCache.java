package dev.quantreel.nodes.sampling;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.CachePlan;

/// Plans the reuse of steps by the change of the latent.
@NodeType(
        id = "EasyCache",
        title = "EasyCache",
        category = "sampling/step caches",
        description = "Makes sampling faster: skips the whole model while its output, predicted from how"
                + " far the latent moved, changes little (EasyCache, arXiv 2507.02860). Works on every"
                + " model and needs no calibration. Both branches of guidance are skipped together; the"
                + " first steps and the last one are always computed.",
        aliases = {"step cache", "skip steps", "speed up"})
public final class EasyCache implements Node<EasyCache.Inputs, EasyCache.Outputs> {

    /// See [EasyCache].
    public record Inputs(
            @In(
                    help = "Sum of predicted relative changes that calls for a computed step, as a fraction: higher is"
                            + " faster and less exact. 0 takes the usual one, 0.025 for HunyuanVideo and 0.05 for others,"
                            + " half as much again where activations are quantized.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.005)
            double threshold,

            @In(
                    help =
                            "First steps that are always computed, at least 2. 0 takes a tenth of the steps for HunyuanVideo"
                                    + " and a fifth for others.",
                    initial = "0",
                    min = 0,
                    max = 1000)
            int retainedSteps) {

        public Inputs {
            if (retainedSteps == 1) {
                throw new NodeInputException("retainedSteps", "is 1; accepted are 0, and 2 or more");
            }
        }
    }

    /// See [EasyCache].
    public record Outputs(
            @Out(help = "The step cache, for Sample Video.") CachePlan cache) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(new CachePlan.Easy(in.threshold(), in.retainedSteps()));
    }
}
