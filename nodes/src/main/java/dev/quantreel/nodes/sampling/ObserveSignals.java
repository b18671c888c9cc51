package dev.quantreel.nodes.sampling;

import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.CachePlan;

/// Observes what caches decide by.
@NodeType(
        id = "ObserveSignals",
        title = "Observe Signals",
        category = "sampling/step caches",
        description = "A step cache that skips nothing and writes down what others could decide by: how signals of the"
                + " model change from step to step, and the magnitude of what the blocks change. Its trace is what Fit"
                + " TeaCache and Calibrate MagCache take. Sample at full precision for it.",
        aliases = {"calibration", "TeaCache", "MagCache", "record"})
public final class ObserveSignals implements Node<ObserveSignals.Inputs, ObserveSignals.Outputs> {

    /// Nothing is asked for.
    public record Inputs() {}

    /// See [ObserveSignals].
    public record Outputs(
            @Out(help = "The observation, for Sample Video.")
            CachePlan cache) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(new CachePlan.Observing());
    }
}
