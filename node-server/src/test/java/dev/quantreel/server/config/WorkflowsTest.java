package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.WorkflowFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every example workflow is valid with the nodes and models that come with the server.
class WorkflowsTest {

    @TestFactory
    Stream<DynamicTest> exampleWorkflowIsValid() throws IOException {
        Application application = Application.create(new FolderOptions().config(Optional.empty()));
        Path folder = application.config().workflows();
        assertThat(folder).isDirectory();
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        return files.stream()
                .map(file ->
                        DynamicTest.dynamicTest(String.valueOf(file.getFileName()), () -> validate(application, file)));
    }

    @TestFactory
    Stream<DynamicTest> exampleWorkflowRunsWithFewStepsAndLeavesFiles(@TempDir Path out) throws IOException {
        try (Stream<Path> list = Files.list(ServerConfig.homeFolder().resolve("workflows"))) {
            List<Path> files = list.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
            return files.stream()
                    .map(file -> DynamicTest.dynamicTest(String.valueOf(file.getFileName()), () -> run(file, out)));
        }
    }

    private static void run(Path file, Path out) throws IOException {
        Application application = Application.create(new FolderOptions().config(Optional.of(out)));
        List<String> arguments = new ArrayList<>(List.of("run", file.toString(), "--out", out.toString()));
        WorkflowFile.read(file, application.catalog(), List.of()).api().nodes().values().stream()
                .filter(node -> node.classType().equals("SampleVideo"))
                .forEach(node -> arguments.addAll(List.of("--set", node.id() + ".steps=4")));
        StringWriter printed = new StringWriter();
        StringWriter errors = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(printed))
                .setErr(new PrintWriter(errors))
                .execute(arguments.toArray(String[]::new));

        assertThat(errors.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(printed.toString()).contains(out.toString());
        for (String line : printed.toString().lines().toList()) {
            int path = line.indexOf(": " + out);
            if (path >= 0) {
                assertThat(Path.of(line.substring(path + 2))).isNotEmptyFile();
            }
        }
    }

    private static void validate(Application application, Path file) {
        WorkflowFile workflow = WorkflowFile.read(file, application.catalog(), List.of());
        Validation validation = application.validator().validate(workflow.api(), Set.of());

        assertThat(validation.nodeErrors()).isEmpty();
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        assertThat(file.resolveSibling(file.getFileName().toString().replace(".json", ".md")))
                .exists();
    }
}
