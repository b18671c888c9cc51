package dev.quantreel.server.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.server.testing.TestNodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class WorkflowFileTest {

    private static final String API =
            "{\"3\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1},\"_meta\":{\"title\":\"A v1.0 number\"}},"
                    + "\"4\":{\"class_type\":\"Text\",\"inputs\":{},\"note\":\"kept\"},\"5\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"3\",0]}},"
                    + "\"6\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"4\",0]},\"_meta\":{\"title\":\"twin\"}},"
                    + "\"7\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"4\",0]},\"_meta\":{\"title\":\"twin\"}}}";

    @TempDir
    private Path folder;

    private WorkflowFile read(String text, String... settings) throws IOException {
        Path file = Files.writeString(folder.resolve("w.json"), text);
        return WorkflowFile.read(
                file,
                new TestNodes().catalog(),
                List.of(settings).stream().map(Setting::of).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3.value=42              | 3 | value | Constant[value=42]",
                "A v1.0 number.value=7   | 3 | value | Constant[value=7]",
                "4.text=42               | 4 | text  | Constant[value=42]",
                "4.text=a red = circle   | 4 | text  | Constant[value=a red = circle]",
                "4.size=1.5              | 4 | size  | Constant[value=1.5]",
                "4.loud=true             | 4 | loud  | Constant[value=true]",
                "4.mood=wild             | 4 | mood  | Constant[value=wild]",
                "5.value=3               | 5 | value | Constant[value=3]"
            })
    void settingsReplaceValuesByIdOrTitle(String setting, String node, String input, String expected)
            throws IOException {
        ApiNode changed = read(API, setting).api().nodes().get(node);

        assertThat(changed).isNotNull();
        assertThat(changed.inputs().get(input)).hasToString(expected);
    }

    @Test
    void textsThatLookLikeNumbersStayTexts() throws IOException {
        InputValue value =
                read(API, "4.text=42").api().nodes().get("4").inputs().get("text");

        assertThat(value).isEqualTo(new InputValue.Constant("42"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "9.value=1    | no node has this id or title",
                "3.nope=1 | has no input 'nope'; it has [value]",
                "twin.value=1 | the nodes [6, 7] have this title",
                "value=1  | expected node.input=value",
                "3.value | expected node.input=value"
            })
    void settingsThatDoNotFitAreRefusedWithWhatWould(String setting, String reason) {
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(() -> read(API, setting))
                .withMessageContaining(reason);
    }

    @Test
    void canvasFilesAreConvertedAndKeptWhole() throws IOException {
        WorkflowFile file =
                read("{\"version\":0.4,\"nodes\":[{\"id\":1,\"type\":\"Number\",\"widgets_values\":[5]}],\"links\":[],"
                        + "\"extra\":{\"mine\":[1,2]},\"is_changed\":NaN}");

        assertThat(file.api().nodes().get("1").inputs()).containsEntry("value", new InputValue.Constant(5L));
        assertThat(file.canvas().orElseThrow()).contains("\"mine\":[1,2]", "\"is_changed\":null");
    }

    @Test
    void unknownKeysOfApiFilesAreKept() throws IOException {
        assertThat(read(API).api().json()).contains("\"note\":\"kept\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "5",
                "{}",
                "{\"a\":1}",
                "{\"nodes\":5}",
                "{\"1\":{\"class_type\":\"Number\"},\"2\":{}}",
                "{\"x\""
            })
    void whatIsNoWorkflowIsRefusedNamingTheFile(String text) {
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(() -> read(text))
                .withMessageStartingWith("w.json: ");
    }

    @Test
    void missingFileIsNamed() {
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(() -> WorkflowFile.read(folder.resolve("none.json"), type -> Optional.empty(), List.of()))
                .withMessageContaining("none.json");
    }
}
