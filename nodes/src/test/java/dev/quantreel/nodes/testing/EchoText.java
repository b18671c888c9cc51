package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;

/// Gives back its text with a suffix.
@NodeType(id = "EchoText", title = "Echo Text", category = "testing", description = "Gives back its text.")
public final class EchoText implements Node<EchoText.Inputs, EchoText.Outputs> {

    /// See [EchoText].
    public record Inputs(
            @In(help = "What to give back.", initial = "hello")
            String text,

            @In(help = "How often to repeat it.", initial = "1", min = 0, max = 10)
            int times) {}

    /// See [EchoText].
    public record Outputs(@Out(help = "The text.") String text) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        context.show(new UiItem.Text(in.text()));
        return new Outputs(in.text().repeat(in.times()));
    }
}
