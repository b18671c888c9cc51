package dev.quantreel.nodes.sampling;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.CachePlan;
import java.util.Optional;

/// Plans the reuse of steps by calibrated magnitudes.
@NodeType(
        id = "MagCache",
        title = "MagCache",
        category = "sampling/step caches",
        description = "Makes sampling faster: skips the transformer blocks while the magnitude of what they"
                + " change, known from a calibrated run, moves little (MagCache, arXiv 2506.09045)."
                + " Ratios are published for Wan 2.1 and HunyuanVideo; for other models connect"
                + " Calibrate MagCache, which takes one prompt. Ratios of another number of steps are"
                + " taken from the nearest ones.",
        aliases = {"step cache", "skip steps", "magnitude", "speed up"})
public final class MagCache implements Node<MagCache.Inputs, MagCache.Outputs> {

    /// See [MagCache].
    public record Inputs(
            @In(
                    help =
                            "Sum of the errors of skipped steps that calls for a computed one, as a fraction: higher is"
                                    + " faster and less exact. 0 takes the model's usual one: 0.12 for Wan, 0.24 for HunyuanVideo.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.01)
            double threshold,

            @In(
                    help = "Most steps in a row that are skipped. 0 takes the model's usual number: 2 for Wan (4 is its"
                            + " fast setting), 6 for HunyuanVideo.",
                    initial = "0",
                    min = 0,
                    max = 100)
            int longestRun,

            @In(
                    help = "Fraction of the steps at the beginning that is always computed.",
                    initial = "0.2",
                    min = 0,
                    max = 1,
                    step = 0.05)
            double retention) {}

    /// See [MagCache].
    public record Outputs(
            @Out(help = "The step cache, for Sample Video.") CachePlan cache) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(new CachePlan.Mag(Optional.empty(), in.threshold(), in.longestRun(), in.retention()));
    }
}
