package dev.quantreel.server.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.server.testing.TestNodes;
import dev.quantreel.server.workflow.ApiWorkflow;
import dev.quantreel.server.workflow.Json;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class GraphValidatorTest {

    private final GraphValidator validator =
            new GraphValidator(new TestNodes().catalog(), new TestFolders(Path.of("nowhere")));

    private Validation validate(String json, String... targets) {
        return validator.validate(ApiWorkflow.of(Json.read(json)), Set.of(targets));
    }

    private static ExecutionGraph graph(Validation validation) {
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        return ((Validation.Accepted) validation).graph();
    }

    private static InputError onlyError(Validation validation) {
        assertThat(validation.nodeErrors()).hasSize(1);
        NodeErrors errors = validation.nodeErrors().values().iterator().next();
        assertThat(errors.errors()).hasSize(1);
        return errors.errors().getFirst();
    }

    private static String text(String input, String value) {
        String inputs = "{\"text\":\"a\",\"size\":1,\"loud\":false,\"mood\":\"calm\"}";
        String changed = Json.write(((ObjectNode) Json.read(inputs)).set(input, Json.read(value)));
        return "{\"1\":{\"class_type\":\"Text\",\"inputs\":" + changed + "},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "text | 5       | 5", "text | true    | True", "text | 1.5 | 1.5",
                "size | \"2.5\" | 2.5", "size | 3       | 3.0", "size | true | 1.0",
                "loud | \"false\" | true", "loud | 0       | false", "loud | \"\" | false",
                "mood | \"wild\" | wild"
            })
    void constantsAreConvertedAsPythonDoes(String input, String given, String expected) {
        ExecutionGraph graph = graph(validate(text(input, given)));

        assertThat(graph.nodes().getFirst().inputs().get(input)).hasToString("Constant[value=" + expected + "]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"5.7 | 5", "\"12\" | 12", "true | 1", "\" 7 \" | 7"})
    void numbersAreCutToWholeOnes(String given, String expected) {
        ExecutionGraph graph = graph(validate("{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":" + given + "}},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}"));

        assertThat(graph.nodes().getFirst().inputs().get("value"))
                .isEqualTo(new GraphNode.Binding.Constant(Long.valueOf(expected)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "size | -1       | VALUE_SMALLER_THAN_MIN | Value -1 smaller than min of 0",
                "size | 10.5     | VALUE_BIGGER_THAN_MAX  | Value 10.5 bigger than max of 10",
                "size | \"big\"  | INVALID_INPUT_TYPE     | Failed to convert an input value to a FLOAT value",
                "size | NaN      | INVALID_INPUT_TYPE     | Failed to convert an input value to a FLOAT value",
                "size | 1e999    | INVALID_INPUT_TYPE     | Failed to convert an input value to a FLOAT value",
                "size | {}       | INVALID_INPUT_TYPE     | Failed to convert an input value to a FLOAT value",
                "mood | \"mad\"  | VALUE_NOT_IN_LIST      | Value not in list",
                "text | [\"1\"]  | BAD_LINKED_INPUT       | Bad linked input, must be a length-2 list of [node_id, slot_index]"
            })
    void valuesThatDoNotFitAreErrorsOfComfyUisTypes(String input, String given, InputError.Type type, String message) {
        InputError error = onlyError(validate(text(input, given)));

        assertThat(error.type()).isEqualTo(type);
        assertThat(error.message()).isEqualTo(message);
        assertThat(error.details()).startsWith(input);
    }

    @Test
    void hugeIntegerIsBiggerThanMaxAndNotAnOverflow() {
        InputError error = onlyError(validate("{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":"
                + "9".repeat(40) + "}},\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}"));

        assertThat(error.type()).isEqualTo(InputError.Type.VALUE_BIGGER_THAN_MAX);
    }

    @Test
    void missingInputIsNamed() {
        InputError error = onlyError(validate("{\"2\":{\"class_type\":\"Show\",\"inputs\":{}}}"));

        assertThat(error)
                .isEqualTo(new InputError(
                        InputError.Type.REQUIRED_INPUT_MISSING,
                        "Required input is missing",
                        "value",
                        new InputError.Missing("value")));
    }

    @Test
    void mismatchNamesBothTypesAndUnionsAccept() {
        String number = "\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}}";
        String image = "\"1\":{\"class_type\":\"Image\",\"inputs\":{}}";
        String end = ",\"2\":{\"class_type\":\"NeedsImage\",\"inputs\":{\"image\":[\"1\",0]}}}";

        InputError error = onlyError(validate("{" + number + end));

        assertThat(error.type()).isEqualTo(InputError.Type.RETURN_TYPE_MISMATCH);
        assertThat(error.details()).isEqualTo("image, received_type(INT) mismatch input_type(IMAGE,MASK)");
        assertThat(validate("{" + image + end)).isInstanceOf(Validation.Accepted.class);
    }

    @Test
    void socketTakesNoConstant() {
        InputError error =
                onlyError(validate("{\"2\":{\"class_type\":\"NeedsImage\",\"inputs\":{\"image\":\"x.png\"}}}"));

        assertThat(error.type()).isEqualTo(InputError.Type.INVALID_INPUT_TYPE);
        assertThat(error.details()).contains("'x.png'", "takes a link");
    }

    @Test
    void goodOutputsAreKeptWhenOthersFail() {
        Validation validation = validate("{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}},"
                + "\"3\":{\"class_type\":\"Number\",\"inputs\":{\"value\":-1}},"
                + "\"4\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"3\",0]}},"
                + "\"5\":{\"class_type\":\"Number\",\"inputs\":{\"value\":-1}}}");

        assertThat(graph(validation).nodes()).extracting(GraphNode::id).containsExactly("1", "2");
        assertThat(validation.nodeErrors()).containsOnlyKeys("3");
        assertThat(validation.nodeErrors().get("3").dependentOutputs()).containsExactly("4");
    }

    @Test
    void targetsLimitWhatIsComputed() {
        String two = "{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}},"
                + "\"3\":{\"class_type\":\"Save\",\"inputs\":{\"value\":[\"1\",0]}}}";

        assertThat(graph(validate(two, "3")).outputIds()).containsExactly("3");
        assertThat(validate(two, "1"))
                .isInstanceOfSatisfying(Validation.Rejected.class, rejected -> assertThat(rejected.type())
                        .isEqualTo("prompt_no_outputs"));
    }

    @Test
    void allUnknownKindsAreToldAtOnce() {
        Validation validation =
                validate("{\"1\":{\"class_type\":\"Foo\",\"inputs\":{}},\"2\":{\"class_type\":\"Bar\",\"inputs\":{}}}");

        assertThat(validation).isInstanceOfSatisfying(Validation.Rejected.class, rejected -> {
            assertThat(rejected.type()).isEqualTo("missing_node_type");
            assertThat(rejected.details()).contains("Foo", "Bar");
        });
    }

    @Test
    void cycleIsReportedAlongItsPathAndOnlyForOutputsThatNeedIt() {
        Validation validation = validate("{\"a\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"c\",0]}},"
                + "\"b\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"a\",0]}},"
                + "\"c\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"b\",0]}},"
                + "\"end\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"c\",0]}},"
                + "\"n\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                + "\"good\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"n\",0]}}}");

        assertThat(graph(validation).outputIds()).containsExactly("good");
        InputError error = onlyError(validation);
        assertThat(error.type()).isEqualTo(InputError.Type.DEPENDENCY_CYCLE);
        assertThat(error.details()).isEqualTo("c -> a -> b -> c");
    }

    @Test
    void nodeThatReadsItselfIsACycle() {
        Validation validation = validate("{\"a\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"a\",0]}},"
                + "\"end\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"a\",0]}}}");

        assertThat(onlyError(validation).details()).isEqualTo("a -> a");
    }

    @Test
    void parentsComeBeforeTheirReaders() {
        ExecutionGraph graph = graph(validate("{\"end\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"sum\",0]}},"
                + "\"sum\":{\"class_type\":\"Add\",\"inputs\":{\"a\":[\"x\",0],\"b\":[\"y\",0]}},"
                + "\"y\":{\"class_type\":\"Add\",\"inputs\":{\"a\":[\"x\",0],\"b\":1}},"
                + "\"x\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}}}"));

        assertThat(graph.nodes()).extracting(GraphNode::id).containsExactly("x", "y", "sum", "end");
        for (int i = 0; i < graph.nodes().size(); i++) {
            int index = i;
            assertThat(graph.nodes().get(i).inputs().values()).allSatisfy(binding -> {
                if (binding instanceof GraphNode.Binding.Link link) {
                    assertThat(link.node()).isLessThan(index);
                }
            });
        }
    }

    @Test
    void graphIsImmutable() {
        ExecutionGraph graph = graph(validate(text("text", "\"x\"")));

        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> graph.nodes().removeFirst());
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> graph.nodes().getFirst().inputs().clear());
    }
}
