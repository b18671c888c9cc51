package dev.quantreel.server.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.nodes.spi.NodeOutputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.server.execution.ExecutionResult.Outcome;
import dev.quantreel.server.graph.ExecutionGraph;
import dev.quantreel.server.graph.GraphValidator;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.testing.TestNodes;
import dev.quantreel.server.workflow.ApiWorkflow;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class ExecutorTest {

    @TempDir
    private Path root;

    private final TestNodes nodes = new TestNodes();
    private TestFolders folders;
    private Executor executor;

    @BeforeEach
    void create() {
        folders = new TestFolders(root);
        executor = new Executor(folders, new Executor.Limits(4, 1 << 20, 2));
    }

    @AfterEach
    void close() {
        executor.close();
        assertThat(nodes.openResources()).isZero();
    }

    private ExecutionRequest request(String json) {
        ApiWorkflow workflow = ApiWorkflow.of(Json.read(json));
        Validation validation = new GraphValidator(nodes.catalog(), folders).validate(workflow, Set.of());
        assertThat(validation.nodeErrors()).isEmpty();
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        ExecutionGraph graph = ((Validation.Accepted) validation).graph();
        ExecutionRequest.Ticket ticket = new ExecutionRequest.Ticket(
                "p", 0, workflow.json(), "{}", graph.outputIds(), Optional.empty(), Optional.empty(), 0);
        return new ExecutionRequest(ticket, graph, WorkflowMetadata.NONE);
    }

    private ExecutionResult run(String json) {
        return executor.run(request(json), new Interrupt(), event -> {});
    }

    private static String shown(ExecutionResult result, String node) {
        return ((UiItem.Text) result.shown().get(node).getFirst()).text();
    }

    private static String sum(int a, int b) {
        return "{\"x\":{\"class_type\":\"Number\",\"inputs\":{\"value\":" + a + "}},"
                + "\"y\":{\"class_type\":\"Add\",\"inputs\":{\"a\":[\"x\",0],\"b\":" + b + "}},"
                + "\"z\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"y\",0]}}}";
    }

    private static String chain(int length) {
        StringBuilder json = new StringBuilder("{\"0\":{\"class_type\":\"Number\",\"inputs\":{\"value\":7}}");
        for (int i = 1; i <= length; i++) {
            json.append(",\"")
                    .append(i)
                    .append("\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"")
                    .append(i - 1)
                    .append("\",0]}}");
        }
        return json.append(",\"end\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"")
                .append(length)
                .append("\",0]}}}")
                .toString();
    }

    @Test
    void valuesFlowAlongLinks() {
        assertThat(shown(run(sum(3, 4)), "z")).isEqualTo("7");
    }

    @Test
    void chainOfTenThousandNodesRunsAndThenComesFromTheCache() {
        ExecutionResult first = run(chain(10_000));
        ExecutionResult second = run(chain(10_000));

        assertThat(shown(first, "end")).isEqualTo("7");
        assertThat(first.executed()).hasSize(10_002);
        assertThat(second.executed()).isEmpty();
        assertThat(second.cached()).hasSize(10_002);
        assertThat(shown(second, "end")).isEqualTo("7");
        assertThat(nodes.runs("Pass")).isEqualTo(10_000);
    }

    @Test
    void chainRunsOnASmallStack() throws InterruptedException {
        List<ExecutionResult> results = new ArrayList<>();
        Thread small = new Thread(null, () -> results.add(run(chain(10_000))), "small", 192 << 10);
        small.start();
        small.join();

        assertThat(results).hasSize(1);
        assertThat(results.getFirst().outcome()).isEqualTo(new Outcome.Success());
    }

    @Test
    void onlyWhatChangedRunsAgain() {
        run(sum(3, 4));
        ExecutionResult changed = run(sum(3, 5));

        assertThat(changed.executed()).containsExactly("y", "z");
        assertThat(changed.cached()).containsExactly("x");
        assertThat(nodes.runs("Number")).isEqualTo(1);
    }

    @Test
    void otherNodeIdsWithTheSameStructureHitTheCache() {
        run(sum(3, 4));
        ExecutionResult renamed = run(sum(3, 4).replace("\"x\"", "\"17\"").replace("\"y\"", "\"18\""));

        assertThat(renamed.executed()).isEmpty();
    }

    @Test
    void nodesThatAreNotCacheableRunAgainWithAllThatReadThem() {
        String random =
                "{\"r\":{\"class_type\":\"Random\",\"inputs\":{}},\"n\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                        + "\"s\":{\"class_type\":\"Add\",\"inputs\":{\"a\":[\"r\",0],\"b\":[\"n\",0]}},"
                        + "\"z\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"s\",0]}}}";
        run(random);

        assertThat(run(random).executed()).containsExactly("r", "s", "z");
    }

    @Test
    void resultWhoseFileIsGoneIsComputedAgain() throws IOException {
        String save =
                "{\"n\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},\"s\":{\"class_type\":\"Save\",\"inputs\":{\"value\":[\"n\",0]}}}";
        run(save);
        ExecutionResult cached = run(save);
        Files.delete(root.resolve("output/result.txt"));

        assertThat(cached.executed()).isEmpty();
        assertThat(run(save).executed()).containsExactly("s");
        assertThat(root.resolve("output/result.txt")).hasContent("1");
    }

    @Test
    void oldResultsAreForgottenBeyondTheLimitButTheLastRequestIsKeptWhole() {
        for (int i = 0; i < 20; i++) {
            run(sum(i, 1));
        }

        assertThat(executor.cachedResults()).isEqualTo(3 + 4);
        assertThat(run(sum(19, 1)).executed()).isEmpty();
        assertThat(run(sum(0, 1)).executed()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "input   | dev.quantreel.nodes.spi.NodeInputException | input 'how': 'input' is not accepted here",
                "state   | java.lang.IllegalStateException            | failed as asked: state",
                "error   | java.lang.StackOverflowError               | made on purpose",
                "outputs | java.lang.IllegalStateException            | node kind Fail returned 0 values, but declares 1 outputs"
            })
    void failureNamesNodeExceptionAndInputs(String how, String type, String message) {
        ExecutionResult result = run("{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":8}},"
                + "\"2\":{\"class_type\":\"Fail\",\"inputs\":{\"how\":\"" + how + "\",\"value\":[\"1\",0]}},"
                + "\"3\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"2\",0]}}}");

        assertThat(result.outcome()).isInstanceOfSatisfying(Outcome.Error.class, error -> {
            assertThat(error.failure().nodeId()).isEqualTo("2");
            assertThat(error.failure().nodeType()).isEqualTo("Fail");
            assertThat(error.failure().title()).isEqualTo("Title of Fail");
            assertThat(error.failure().exceptionType()).isEqualTo(type);
            assertThat(error.failure().message()).isEqualTo(message);
            assertThat(error.failure().inputs()).containsEntry("how", how).containsEntry("value", "8");
            assertThat(error.failure().executed()).containsExactly("1");
            assertThat(error.failure().trace()).isNotEmpty();
        });
    }

    @Test
    void failureIsNotCachedAndTheRestIs() {
        String fails = "{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":8}},"
                + "\"2\":{\"class_type\":\"Fail\",\"inputs\":{\"how\":\"state\",\"value\":[\"1\",0]}},"
                + "\"3\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"2\",0]}}}";
        run(fails);
        run(fails);

        assertThat(nodes.runs("Fail")).isEqualTo(2);
        assertThat(nodes.runs("Number")).isEqualTo(1);
    }

    @Test
    @Timeout(20)
    void interruptStopsANodeThatWaitsAndNothingAfterItRuns() throws InterruptedException {
        Interrupt interrupt = new Interrupt();
        Thread user = Thread.ofVirtual().start(() -> {
            try {
                assertThat(nodes.waiting().await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            interrupt.cancel();
        });
        ExecutionResult result = executor.run(
                request(
                        "{\"1\":{\"class_type\":\"Wait\",\"inputs\":{}},\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}"),
                interrupt,
                event -> {});
        user.join();

        assertThat(result.outcome()).isEqualTo(new Outcome.Interrupted("1"));
        assertThat(nodes.runs("Show")).isZero();
    }

    @Test
    void progressThatIsReportedAfterAnInterruptThrows() {
        Interrupt interrupt = new Interrupt();
        List<ExecutionEvent> events = new ArrayList<>();
        ExecutionResult result = executor.run(
                request(
                        "{\"1\":{\"class_type\":\"Work\",\"inputs\":{\"steps\":100}},\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}"),
                interrupt,
                event -> {
                    events.add(event);
                    if (event instanceof ExecutionEvent.Progressed progress && progress.value() == 5) {
                        interrupt.cancel();
                    }
                });

        assertThat(result.outcome()).isEqualTo(new Outcome.Interrupted("1"));
        assertThat(events)
                .filteredOn(ExecutionEvent.Progressed.class::isInstance)
                .hasSize(5);
        assertThat(events.getLast()).isInstanceOf(ExecutionEvent.Interrupted.class);
    }

    @Test
    void resourcesAreKeptBetweenRequestsUpToTheLimit() {
        for (String key : List.of("a", "b", "a", "c")) {
            run("{\"1\":{\"class_type\":\"Load\",\"inputs\":{\"key\":\"" + key + "\"}},"
                    + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}");
            assertThat(nodes.openResources()).isLessThanOrEqualTo(2);
        }

        assertThat(nodes.runs("Load")).as("the second 'a' came from the cache").isEqualTo(3);
        assertThat(nodes.openResources()).isEqualTo(2);
    }

    @Test
    void unloadingClosesAllAndForgetsWhatMayReferToIt() {
        String load =
                "{\"1\":{\"class_type\":\"Load\",\"inputs\":{\"key\":\"a\"}},\"2\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"1\",0]}},"
                        + "\"3\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"2\",0]}},\"4\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                        + "\"5\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"4\",0]}}}";
        run(load);
        executor.unloadResources();

        assertThat(nodes.openResources()).isZero();
        assertThat(run(load).executed()).containsExactly("1", "2", "3");
    }

    @Test
    void sizesCountBuffersAndTexts() {
        long bytes = ValueSize.bytes(
                new NodeOutputs(List.of("x".repeat(1000), Arena.ofAuto().allocate(5000))).values());

        assertThat(bytes).isBetween(7000L, 7100L);
    }
}
