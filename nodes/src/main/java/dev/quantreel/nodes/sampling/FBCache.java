package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.CachePlan;

/// Plans the reuse of steps by what the first block changes.
@NodeType(
        id = "FBCache",
        title = "FBCache",
        category = "sampling/step caches",
        description = "Makes sampling faster: runs the first transformer block at every step, and the"
                + " others only where what the first one changes differs from the last computed step"
                + " (first-block cache, ParaAttention). Works on every model and needs no calibration."
                + " The branches of guidance run one after the other and decide by themselves.",
        aliases = {"first block cache", "ParaAttention", "step cache", "skip steps", "speed up"})
public final class FBCache implements Node<FBCache.Inputs, FBCache.Outputs> {

    /// See [FBCache].
    public record Inputs(
            @In(
                    help =
                            "Relative change of the first block's work that calls for the other blocks, as a fraction: higher"
                                    + " is faster and less exact. 0 takes the usual one, 0.06 for HunyuanVideo and 0.08 for others,"
                                    + " half as much again where activations are quantized.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.01)
            double threshold,

            @In(help = "Most steps in a row that are skipped; 0 for any.", initial = "0", min = 0, max = 1000)
            int longestRun,

            @In(
                    help = "Steps before this fraction of all are computed.",
                    initial = "0",
                    min = 0,
                    max = 1,
                    advanced = true)
            double start,

            @In(help = "Steps from this fraction on are computed.", initial = "1", min = 0, max = 1, advanced = true)
            double end) {

        public Inputs {
            if (start > end) {
                throw new NodeInputException("start", "is " + start + "; accepted is at most end, which is " + end);
            }
        }
    }

    /// See [FBCache].
    public record Outputs(
            @Out(help = "The step cache, for Sample Video.") CachePlan cache) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(
                new CachePlan.FirstBlock(in.threshold(), in.longestRun(), new StepWindow(in.start(), in.end())));
    }
}
