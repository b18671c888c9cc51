package dev.quantreel.server.config;

import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.server.execution.ExecutionRequest;
import dev.quantreel.server.execution.ExecutionResult;
import dev.quantreel.server.execution.ExecutionResult.Outcome;
import dev.quantreel.server.execution.Executor;
import dev.quantreel.server.execution.Failure;
import dev.quantreel.server.execution.Interrupt;
import dev.quantreel.server.graph.ExecutionGraph;
import dev.quantreel.server.graph.InputError;
import dev.quantreel.server.graph.NodeErrors;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.Setting;
import dev.quantreel.server.workflow.WorkflowFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel run`.
@Command(
        name = "run",
        description =
                "Runs a workflow without a server. Exit code 0 on success, 1 when a node fails or the run is interrupted, 2 when the workflow is invalid.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RunCommand implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int INVALID = 2;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Parameters(paramLabel = "WORKFLOW.json", description = "Workflow in canvas format (0.4 or 1) or API format.")
    private Path workflow = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "node.input=value",
            description = "Replaces a value; node is an id or a title. May be repeated.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--out", paramLabel = "DIR", description = "Where results are saved, as --output-directory.")
    private @Nullable Path out;

    @Option(names = "--verbose", description = "On failure, print the stack trace.")
    private boolean verbose;

    @Override
    public Integer call() {
        Application application = Application.create(folders.config(Optional.ofNullable(out)));
        List<Setting> given = settings.stream().map(Setting::of).toList();
        WorkflowFile file = WorkflowFile.read(workflow, application.catalog(), given);
        application.packProblems().forEach(problem -> err().println("Left out: " + problem));
        return switch (application.validator().validate(file.api(), Set.of())) {
            case Validation.Rejected rejected -> {
                invalid(rejected.message(), rejected.nodeErrors().isEmpty() ? rejected.details() : "");
                explain(application, file, rejected.nodeErrors());
                yield INVALID;
            }
            case Validation.Accepted accepted
            when !accepted.nodeErrors().isEmpty() -> {
                invalid("Some outputs of the workflow cannot be computed", "");
                explain(application, file, accepted.nodeErrors());
                yield INVALID;
            }
            case Validation.Accepted accepted -> execute(application, file, accepted.graph());
        };
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private void invalid(String message, String details) {
        err().println(workflow.getFileName() + ": " + message + (details.isEmpty() ? "" : ": " + details));
        err().flush();
    }

    private void explain(Application application, WorkflowFile file, Map<String, NodeErrors> errors) {
        errors.forEach((id, found) -> {
            String title = Optional.ofNullable(file.api().nodes().get(id))
                    .flatMap(node -> node.title())
                    .orElse(found.classType());
            for (InputError error : found.errors()) {
                err().println("  node " + id + " (" + title + "): " + error.message() + ": " + error.details()
                        + accepted(application, error));
            }
        });
        err().flush();
    }

    private static String accepted(Application application, InputError error) {
        Optional<NodeSpec.Input> input =
                switch (error.extra()) {
                    // The details list the options already.
                    case InputError.Received received when received.options().isPresent() -> Optional.empty();
                    case InputError.Received received -> Optional.of(received.input());
                    case InputError.Mismatch mismatch -> Optional.of(mismatch.input());
                    case InputError.Missing ignored -> Optional.empty();
                    case InputError.Cycle ignored -> Optional.empty();
                };
        return input.map(port -> "; accepted: " + NodesCommand.accepts(port.type(), application))
                .orElse("");
    }

    private int execute(Application application, WorkflowFile file, ExecutionGraph graph) {
        application.prepareFolders();
        ExecutionRequest request = new ExecutionRequest(
                new ExecutionRequest.Ticket(
                        UUID.randomUUID().toString(),
                        0,
                        file.api().json(),
                        "{}",
                        graph.outputIds(),
                        Optional.empty(),
                        Optional.empty(),
                        System.currentTimeMillis()),
                graph,
                new WorkflowMetadata(Optional.of(file.api().json()), file.canvas()));
        boolean terminal = System.console() != null && System.console().isTerminal();
        TerminalProgress progress =
                new TerminalProgress(System.err, terminal, graph.nodes().size());
        Interrupt interrupt = new Interrupt();
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(interrupt, ended));
        Runtime.getRuntime().addShutdownHook(hook);
        try (Executor executor = application.executor()) {
            ExecutionResult result = executor.run(request, interrupt, progress::on);
            return report(application, graph, result);
        } finally {
            ended.countDown();
            withdraw(hook);
        }
    }

    /// On Ctrl-C: asks the running node to stop, and gives it a moment to leave nothing half-written.
    private static void stop(Interrupt interrupt, CountDownLatch ended) {
        interrupt.cancel();
        try {
            if (!ended.await(5, TimeUnit.SECONDS)) {
                System.err.println("quantreel: the running node did not stop in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void withdraw(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            Thread.yield(); // the program is ending already, the hook is running
        }
    }

    private int report(Application application, ExecutionGraph graph, ExecutionResult result) {
        PrintWriter out = spec.commandLine().getOut();
        graph.nodes().forEach(node -> {
            for (UiItem item : result.shown().getOrDefault(node.id(), List.of())) {
                out.println(node.title() + ": " + shown(application, item));
            }
        });
        out.flush();
        switch (result.outcome()) {
            case Outcome.Success() -> {
                return 0;
            }
            case Outcome.Interrupted(String nodeId) -> err().println("Interrupted in node " + nodeId + ".");
            case Outcome.Error(Failure failure) -> {
                err().println("Failed in node " + failure.nodeId() + " (" + failure.title() + "): "
                        + failure.message());
                failure.inputs().forEach((name, value) -> err().println("    " + name + " = " + value));
                if (verbose) {
                    failure.trace().forEach(err()::println);
                }
            }
        }
        err().flush();
        return FAILED;
    }

    private static String shown(Application application, UiItem item) {
        return switch (item) {
            case UiItem.Text(String text) -> text.contains("\n") ? "\n" + text : text;
            case UiItem.FileItem file -> {
                Path root =
                        switch (file.root()) {
                            case OUTPUT -> application.folders().output();
                            case INPUT -> application.folders().input();
                            case TEMP -> application.folders().temp();
                        };
                yield root.resolve(file.subfolder()).resolve(file.filename()).toString();
            }
        };
    }
}
