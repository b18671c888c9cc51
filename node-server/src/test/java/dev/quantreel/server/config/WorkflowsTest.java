package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.WorkflowFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

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

    private static void validate(Application application, Path file) {
        WorkflowFile workflow = WorkflowFile.read(file, application.catalog(), List.of());
        Validation validation = application.validator().validate(workflow.api(), Set.of());

        assertThat(validation.nodeErrors()).isEmpty();
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        assertThat(file.resolveSibling(file.getFileName().toString().replace(".json", ".md")))
                .exists();
    }
}
