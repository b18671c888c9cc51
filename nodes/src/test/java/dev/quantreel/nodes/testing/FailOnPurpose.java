package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;

/// Fails in the way asked for.
@NodeType(
        id = "FailOnPurpose",
        title = "Fail On Purpose",
        category = "testing",
        description = "Fails in the way asked for.",
        output = true,
        cacheable = false)
public final class FailOnPurpose implements Node<FailOnPurpose.Inputs, FailOnPurpose.Outputs> {

    /// Where the failure comes from.
    public enum How {
        /// Not at all.
        NOT,
        /// The compact constructor rejects the value.
        INPUT,
        /// The body fails.
        BODY
    }

    /// See [FailOnPurpose].
    public record Inputs(
            @In(help = "Text to pass on.", initial = "") String text,
            @In(help = "How to fail.", initial = "NOT") How how) {

        public Inputs {
            if (how == How.INPUT) {
                throw new NodeInputException("how", "is 'INPUT'; accepted are NOT and BODY");
            }
        }
    }

    /// See [FailOnPurpose].
    public record Outputs(@Out(help = "The text.") String text) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        if (in.how() == How.BODY) {
            throw new IllegalStateException("failed on purpose");
        }
        return new Outputs(in.text());
    }
}
