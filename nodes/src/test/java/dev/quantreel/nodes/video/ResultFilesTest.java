package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.quantreel.nodes.testing.TestContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFilesTest {

    private final TestContext context;

    ResultFilesTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    @Test
    void figuresAndPicturesShareOneCounter() throws Exception {
        ResultFiles files = ResultFiles.of("r/x", context);
        Path json = files.json(JsonNodeFactory.instance.objectNode().put("δ", 0.5));
        Path png = files.png(SaveVideoTest.clip(1, 32).frames(), "plot");

        assertThat(json).hasFileName("x_00001_.json");
        assertThat(png).hasFileName("x_00001_.plot.png");
        assertThat(new ObjectMapper().readTree(json.toFile()).path("δ").asDouble())
                .isEqualTo(0.5);
        assertThat(ResultFiles.of("r/x", context).counter()).isEqualTo(2);
        try (var left = Files.list(json.getParent())) {
            assertThat(left).hasSize(2);
        }
    }

    @Test
    void whatCannotBeWrittenIsNamedAndLeavesNothing() throws Exception {
        ResultFiles files = ResultFiles.of("r/x", context);
        Path target = context.folders().output().resolve("r/x_00001_.json");
        Files.createDirectories(target.resolve("in the way"));

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> files.json(JsonNodeFactory.instance.objectNode()))
                .withMessageContaining("cannot write " + target);
        assertThat(target.resolveSibling(".x_00001_.json.part")).doesNotExist();
    }

    @Test
    void tablesAlignTheirColumns() {
        TextTable table = new TextTable("layer", "bits").row("blocks.0.q", "4").row("x", "16");

        assertThat(table.toString()).isEqualTo("layer       bits\nblocks.0.q     4\nx             16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> table.row("alone"))
                .withMessageContaining("1 cells for 2 columns");
        assertThat(TextTable.number(4)).isEqualTo("4");
        assertThat(TextTable.number(0.125)).isEqualTo("0.125");
    }
}
