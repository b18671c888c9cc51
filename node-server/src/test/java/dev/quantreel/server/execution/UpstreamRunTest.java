package dev.quantreel.server.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.server.graph.GraphValidator;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.testing.TestNodes;
import dev.quantreel.server.workflow.ApiWorkflow;
import dev.quantreel.server.workflow.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpstreamRunTest {

    private static final String SLOW = ",\"side\":{\"class_type\":\"Work\",\"inputs\":{\"steps\":2}}";
    private static final String SUM = "\"x\":{\"class_type\":\"Number\",\"inputs\":{\"value\":3}},"
            + "\"y\":{\"class_type\":\"Add\",\"inputs\":{\"a\":[\"x\",0],\"b\":[\"side\",0]}}"
            + SLOW;

    private final TestNodes nodes = new TestNodes();
    private final TestFolders folders;
    private final Executor executor;
    private final List<ExecutionEvent> events = new ArrayList<>();

    UpstreamRunTest(@TempDir Path root) {
        folders = new TestFolders(root);
        executor = new Executor(folders, Executor.Limits.DEFAULTS);
    }

    @AfterEach
    void close() {
        executor.close();
    }

    private static String vary(String node, String input, String values) {
        return "{" + SUM + ",\"z\":{\"class_type\":\"Vary\",\"inputs\":{\"value\":[\"y\",0],\"node\":\"" + node
                + "\",\"input\":\"" + input + "\",\"values\":\"" + values + "\"}}}";
    }

    private List<String> texts(String json) {
        ApiWorkflow workflow = ApiWorkflow.of(Json.read(json));
        Validation validation = new GraphValidator(nodes.catalog(), folders).validate(workflow, Set.of());
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        ExecutionRequest.Ticket ticket = new ExecutionRequest.Ticket(
                "p", 0, workflow.json(), "{}", List.of("z"), Optional.empty(), Optional.empty(), 0);
        ExecutionRequest request =
                new ExecutionRequest(ticket, ((Validation.Accepted) validation).graph(), WorkflowMetadata.NONE);
        return executor.run(request, new Interrupt(), events::add).shown().getOrDefault("z", List.of()).stream()
                .map(item -> ((UiItem.Text) item).text())
                .toList();
    }

    @Test
    void whatAChangeReachesRunsAgainForEachValueAndTheRestKeepsItsResult() {
        List<String> shown = texts(vary("x", "value", "5,10,3"));

        assertThat(shown).startsWith("7", "12", "5");
        assertThat(nodes.runs("Number")).isEqualTo(1 + 3);
        assertThat(nodes.runs("Work")).isEqualTo(1);
    }

    @Test
    void resultsOfEarlierRunsAreTakenAsTheyAre() {
        texts(vary("side", "steps", "1"));
        int before = nodes.runs("Number");
        List<String> shown = texts(vary("side", "steps", "4,6"));

        assertThat(shown).startsWith("7", "9");
        assertThat(nodes.runs("Number")).isEqualTo(before);
    }

    @Test
    void nodesThatRunAgainReportNothing() {
        texts(vary("side", "steps", "1,4"));

        assertThat(events)
                .filteredOn(ExecutionEvent.Previewed.class::isInstance)
                .hasSize(2);
        assertThat(events)
                .filteredOn(ExecutionEvent.NodeStarted.class::isInstance)
                .hasSize(4);
    }

    @Test
    void aValueThatDoesNotFitIsRefusedWithTheReason() {
        assertThat(texts(vary("x", "value", "2000")).getFirst())
                .contains("Title of Number.value: Value 2000 bigger than max of 1000");
        assertThat(texts(vary("x", "value", "many")).getFirst()).contains("not a whole number");
        assertThat(texts(vary("x", "size", "1")).getFirst()).contains("no input size");
        assertThat(texts(vary("z", "value", "1")).getFirst()).contains("no input value before this node");
    }

    @Test
    void sourcesAreTheNodesBeforeWithTheInputsThatHoldValues() {
        assertThat(texts(vary("x", "value", "5")).getLast())
                .contains("id=x")
                .contains("inputs=[value]")
                .contains("id=side")
                .contains("inputs=[steps]")
                .doesNotContain("id=z")
                .doesNotContain("inputs=[a");
    }
}
