package dev.quantreel.nodes.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.nodes.testing.TestContext;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedInputsTest {

    private static final NodeDefinition NODE = NodeDefinition.of(new Draws());

    private final Path root;

    SharedInputsTest(@TempDir Path root) {
        this.root = root;
    }

    record Size(
            @In(help = "Width.", initial = "3", min = 1, max = 99)
            int width,

            @In(help = "Height.", initial = "4", min = 1, max = 99)
            int height) {
        Size {
            if (width > height) {
                throw new NodeInputException("width", "is " + width + "; accepted is at most " + height);
            }
        }
    }

    record Canvas(
            @SharedInputs Size size,
            @In(help = "Colour.", initial = "red") String colour) {}

    record Text(@Out(help = "Said.") String text) {}

    @NodeType(id = "Draws", title = "Draws", category = "test", description = "Draws.")
    static final class Draws implements Node<Draws.Inputs, Text> {
        record Inputs(
                @In(help = "Name.", initial = "n") String name,
                @SharedInputs Canvas canvas,
                @In(help = "Tool.", initial = "pen") String tool) {}

        @Override
        public Text run(Inputs in, NodeContext context) {
            return new Text(in.name() + " " + in.canvas().size().width() + "x"
                    + in.canvas().size().height() + " " + in.canvas().colour() + " " + in.tool());
        }
    }

    @Test
    void theirComponentsAreInputsInTheirPlace() {
        assertThat(NODE.spec().inputs())
                .extracting(NodeSpec.Input::name)
                .containsExactly("name", "width", "height", "colour", "tool");
    }

    @Test
    void valuesGoWhereTheyBelongAndDefaultsWithThem() throws Exception {
        NodeInputs values = NodeInputs.EMPTY.with("height", 9L).with("colour", "blue");

        assertThat(NODE.run(values, TestContext.in(root)).values()).containsExactly("n 3x9 blue pen");
    }

    @Test
    void whatTheirConstructorsSayArrivesUnchanged() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> NODE.run(NodeInputs.EMPTY.with("width", 8L), TestContext.in(root)))
                .withMessage("is 8; accepted is at most 4")
                .satisfies(e -> assertThat(e.port()).isEqualTo("width"));
    }

    @NodeType(id = "Twice", title = "Twice", category = "test", description = "Has two widths.")
    static final class Twice implements Node<Twice.Inputs, Text> {
        record Inputs(
                @In(help = "Width.", initial = "3") int width,
                @SharedInputs Size size) {}

        @Override
        public Text run(Inputs in, NodeContext context) {
            return new Text("");
        }
    }

    @NodeType(id = "NoRecord", title = "No Record", category = "test", description = "Shares a number.")
    static final class NoRecord implements Node<NoRecord.Inputs, Text> {
        record Inputs(@SharedInputs int size) {}

        @Override
        public Text run(Inputs in, NodeContext context) {
            return new Text("");
        }
    }

    @NodeType(id = "Both", title = "Both", category = "test", description = "Is both.")
    static final class Both implements Node<Both.Inputs, Text> {
        record Inputs(@SharedInputs @In(help = "Size.") Size size) {}

        @Override
        public Text run(Inputs in, NodeContext context) {
            return new Text("");
        }
    }

    record Endless(@SharedInputs Endless again) {}

    @NodeType(id = "Circle", title = "Circle", category = "test", description = "Never ends.")
    static final class Circle implements Node<Circle.Inputs, Text> {
        record Inputs(@SharedInputs Endless endless) {}

        @Override
        public Text run(Inputs in, NodeContext context) {
            return new Text("");
        }
    }

    @Test
    void wrongDeclarationsAreFoundWhenThePackIsLoaded() {
        assertFault(new Twice(), "two inputs called 'width'");
        assertFault(new NoRecord(), "'size', which are of int; a record is needed");
        assertFault(new Both(), "'size', which have @In besides");
        assertFault(new Circle(), "'again', which hold themselves");
    }

    private static void assertFault(Node<?, ?> node, String part) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NodeDefinition.of(node))
                .withMessageContaining(node.getClass().getName())
                .withMessageContaining(part);
    }
}
