package dev.quantreel.nodes.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.nodes.testing.TestContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnnotatedNodeTest {

    private static final NodeDefinition PAINT = NodeDefinition.of(new Paint());

    private final Path root;

    AnnotatedNodeTest(@TempDir Path root) {
        this.root = root;
    }

    @Test
    void componentsBecomePortsInOrder() {
        NodeSpec spec = PAINT.spec();

        assertThat(spec.inputs())
                .extracting(NodeSpec.Input::name)
                .containsExactly("brush", "spare", "width", "seed", "opacity", "wet", "style", "text", "file", "tool");
        assertThat(spec.inputs())
                .extracting(input -> input.type().wireName())
                .containsExactly(
                        "BRUSH", "BRUSH", "INT", "INT", "FLOAT", "BOOLEAN", "COMBO", "STRING", "COMBO", "COMBO");
        assertThat(spec.input("spare").orElseThrow().required()).isFalse();
        assertThat(spec.input("width").orElseThrow().initial()).contains(3L);
        assertThat(spec.input("opacity").orElseThrow().initial()).contains(0.5);
        assertThat(spec.outputs())
                .extracting(output -> output.name() + " " + output.type().wireName())
                .containsExactly("said STRING", "drawn INT");
    }

    @Test
    void combosListLabelsFilesAndRunTimeOptions() throws Exception {
        TestContext context = TestContext.in(root);
        Files.createDirectories(context.folders().models("loras"));
        Files.writeString(context.folders().models("loras").resolve("a.safetensors"), "x");

        assertThat(options("style", context)).containsExactly("thin line", "thick line");
        assertThat(options("file", context)).containsExactly("a.safetensors");
        assertThat(options("tool", context)).containsExactly("pen", "chalk");
    }

    private static List<String> options(String port, NodeContext context) {
        PortType.ComboType combo =
                (PortType.ComboType) PAINT.spec().input(port).orElseThrow().type();
        return combo.options().apply(context.folders());
    }

    @Test
    void wireValuesBecomeComponentValuesAndMissingWidgetsTakeTheirDefaults() throws Exception {
        NodeOutputs out = PAINT.run(
                minimal().with("style", "thick line").with("opacity", 1L).with("spare", new Brush("b")),
                TestContext.in(root));

        assertThat(out.values()).containsExactly("a b THICK 1.0 false", 3L);
    }

    @ParameterizedTest
    @CsvSource({"width, 100, 1 to 99", "seed, -1, 0 to", "width, 99999999999, 1 to 99"})
    void anIntegerOutsideItsRangeNamesPortValueAndRange(String port, long value, String accepted) {
        assertRejected(port, value, Long.toString(value), accepted);
    }

    @Test
    void otherWrongValuesNameWhatIsAccepted() {
        assertRejected("opacity", Double.NaN, "NaN", "0.0 to 1.0");
        assertRejected("style", "dotted", "'dotted'", "thin line, thick line");
        assertRejected("brush", "a word", "'a word'", "expected BRUSH");
        assertRejected("wet", "maybe", "'maybe'", "expected boolean");
        assertRejected("width", "three", "'three'", "expected a number");
    }

    private void assertRejected(String port, Object value, String shown, String accepted) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> PAINT.run(minimal().with(port, value), TestContext.in(root)))
                .withMessageContaining(shown)
                .withMessageContaining(accepted)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port));
    }

    @Test
    void aMissingSocketNamesThePortAndItsType() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> PAINT.run(NodeInputs.EMPTY.with("file", "a"), TestContext.in(root)))
                .withMessageContaining("missing")
                .withMessageContaining("BRUSH")
                .satisfies(e -> assertThat(e.port()).isEqualTo("brush"));
    }

    @Test
    void whatTheCompactConstructorSaysArrivesUnchanged() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> PAINT.run(minimal().with("width", 13L), TestContext.in(root)))
                .withMessage("is 13; accepted is any other width")
                .satisfies(e -> assertThat(e.port()).isEqualTo("width"));
    }

    private static NodeInputs minimal() {
        return NodeInputs.EMPTY.with("brush", new Brush("a")).with("file", "f").with("tool", "pen");
    }

    @Test
    void wrongDeclarationsAreFoundWhenThePackIsLoaded() {
        assertFault(new NotNamed(), "the id must be the simple class name");
        assertFault(new NoAnnotation(), "lacks @NodeType");
        assertFault(new NoIn(), "input 'value' without @In");
        assertFault(new NoDefault(), "'value'", "needs a number as default");
        assertFault(new DefaultOutside(), "'value'", "default 9 outside its range 0.0 to 5.0");
        assertFault(new WrongLabel(), "default 'dotted'; accepted are thin line, thick line");
        assertFault(new HasState(), "'count'", "not final");
        assertFault(new OptionalWidget(), "'value'", "only sockets can be optional");
        assertFault(new OddType(), "'value'", "accepted are int");
    }

    private static void assertFault(Node<?, ?> node, String... parts) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NodeDefinition.of(node))
                .withMessageContaining(node.getClass().getName())
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Socket("BRUSH")
    record Brush(String name) {}

    enum Style {
        THIN,
        THICK;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT) + " line";
        }
    }

    static final class Tools implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return List.of("pen", "chalk");
        }
    }

    @NodeType(id = "Paint", title = "Paint", category = "test", description = "Paints.")
    static final class Paint implements Node<Paint.Inputs, Paint.Outputs> {
        record Inputs(
                @In(help = "Brush.") Brush brush,
                @In(help = "Another.") Optional<Brush> spare,

                @In(help = "Width.", initial = "3", min = 1, max = 99)
                int width,

                @In(help = "Seed.", initial = "0", min = 0, seed = true)
                long seed,

                @In(help = "Opacity.", initial = "0.5", min = 0, max = 1)
                double opacity,

                @In(help = "Wet.", initial = "false") boolean wet,
                @In(help = "Style.", initial = "thin line") Style style,
                @In(help = "Text.") String text,
                @In(help = "File.", folder = "loras") String file,
                @In(help = "Tool.", options = Tools.class) String tool) {
            Inputs {
                if (width == 13) {
                    throw new NodeInputException("width", "is 13; accepted is any other width");
                }
            }
        }

        record Outputs(
                @Out(help = "What was painted.", label = "said")
                String text,

                @Out(help = "Width.") int drawn) {}

        @Override
        public Outputs run(Inputs in, NodeContext context) {
            return new Outputs(
                    in.brush().name() + " " + in.spare().map(Brush::name).orElse("-") + " "
                            + in.style().name() + " " + in.opacity() + " " + in.wet(),
                    in.width());
        }
    }

    record Nothing() {}

    @NodeType(id = "Other", title = "t", category = "c", description = "d")
    static final class NotNamed implements Node<Nothing, Nothing> {
        @Override
        public Nothing run(Nothing in, NodeContext context) {
            return in;
        }
    }

    static final class NoAnnotation implements Node<Nothing, Nothing> {
        @Override
        public Nothing run(Nothing in, NodeContext context) {
            return in;
        }
    }

    @NodeType(id = "HasState", title = "t", category = "c", description = "d")
    static final class HasState implements Node<Nothing, Nothing> {
        private int count;

        @Override
        public Nothing run(Nothing in, NodeContext context) {
            count++;
            return in;
        }
    }

    record BareInputs(int value) {}

    @NodeType(id = "NoIn", title = "t", category = "c", description = "d")
    static final class NoIn implements Node<BareInputs, Nothing> {
        @Override
        public Nothing run(BareInputs in, NodeContext context) {
            return new Nothing();
        }
    }

    record WithoutDefault(@In(help = "h") int value) {}

    @NodeType(id = "NoDefault", title = "t", category = "c", description = "d")
    static final class NoDefault implements Node<WithoutDefault, Nothing> {
        @Override
        public Nothing run(WithoutDefault in, NodeContext context) {
            return new Nothing();
        }
    }

    record Outside(
            @In(help = "h", initial = "9", min = 0, max = 5) double value) {}

    @NodeType(id = "DefaultOutside", title = "t", category = "c", description = "d")
    static final class DefaultOutside implements Node<Outside, Nothing> {
        @Override
        public Nothing run(Outside in, NodeContext context) {
            return new Nothing();
        }
    }

    record Dotted(@In(help = "h", initial = "dotted") Style value) {}

    @NodeType(id = "WrongLabel", title = "t", category = "c", description = "d")
    static final class WrongLabel implements Node<Dotted, Nothing> {
        @Override
        public Nothing run(Dotted in, NodeContext context) {
            return new Nothing();
        }
    }

    record MaybeText(@In(help = "h") Optional<String> value) {}

    @NodeType(id = "OptionalWidget", title = "t", category = "c", description = "d")
    static final class OptionalWidget implements Node<MaybeText, Nothing> {
        @Override
        public Nothing run(MaybeText in, NodeContext context) {
            return new Nothing();
        }
    }

    record Odd(@In(help = "h") Path value) {}

    @NodeType(id = "OddType", title = "t", category = "c", description = "d")
    static final class OddType implements Node<Odd, Nothing> {
        @Override
        public Nothing run(Odd in, NodeContext context) {
            return new Nothing();
        }
    }
}
