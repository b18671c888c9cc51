package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;

/// Counts with progress and waits at each step, so that it can be interrupted.
@NodeType(
        id = "CountSlowly",
        title = "Count Slowly",
        category = "testing",
        description = "Counts and waits at each step.",
        output = true)
public final class CountSlowly implements Node<CountSlowly.Inputs, CountSlowly.Outputs> {

    /// See [CountSlowly].
    public record Inputs(
            @In(help = "Steps.", initial = "10", min = 1, max = 10000)
            int steps,

            @In(help = "Wait per step, milliseconds.", initial = "20", min = 0, max = 1000)
            int waitMillis,

            @In(help = "Changes the cache key.", initial = "0", min = 0, seed = true)
            long seed) {}

    /// See [CountSlowly].
    public record Outputs(@Out(help = "Steps counted.") int counted) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws InterruptedException {
        for (int i = 0; i < in.steps(); i++) {
            context.progress(i, in.steps());
            context.status("step " + i);
            Thread.sleep(in.waitMillis());
        }
        context.progress(in.steps(), in.steps());
        return new Outputs(in.steps());
    }
}
