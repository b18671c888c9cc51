package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever an item does, the check goes on and says what became of each claim.
class GpuCheckTest {

    private final Path folder;

    GpuCheckTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @Test
    void everyWayToEndIsARowOfItsOwnAndTheOthersAreMeasured() throws IOException {
        int code = run(false, "test-fine", "test-refuted", "test-broken", "test-crashed", "test-slow");

        assertThat(code).isEqualTo(GpuCheck.FAILED);
        assertThat(results().lines().filter(line -> line.startsWith("| test-")))
                .containsExactly(
                        "| test-fine | The first thing holds: a / b | 1.5 ms | 2 ms | ok |",
                        "| test-fine | The second thing holds | 3 x | 1.6 x | ok |",
                        "| test-refuted | The first thing holds | 1.1 x |  | failed: wanted: at least 1.6 x |",
                        "| test-refuted | The second thing holds |  |  | skipped: no torch |",
                        "| test-broken | The first thing holds | 1 ms |  | ok |",
                        "| test-broken | The second thing holds |  |  | failed: java.lang.IllegalStateException: the"
                                + " kernel said no |",
                        "| test-crashed | The first thing holds | 1 ms |  | ok |",
                        "| test-crashed | The second thing holds |  |  | failed: its process ended with 134 (SIGABRT);"
                                + " its last words: prepared test-crashed |",
                        "| test-slow | The first thing holds | 1 ms |  | ok |",
                        "| test-slow | The second thing holds |  |  | failed: its process was ended for lack of time;"
                                + " its last words: prepared test-slow |");
        assertThat(results()).contains("Measured on: Test GPU (sm_00)");
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("5 ok, 4 failed, 1 skipped");
    }

    @Test
    void whatIsMeasuredComesInTheFormOfTheDocument() throws IOException {
        assertThat(run(false, "test-fine")).isEqualTo(GpuCheck.HOLDS);

        assertThat(results())
                .containsPattern("\\| The second thing holds \\| `\\./quantreel gpu-check --only test-fine` \\| "
                        + "ok  3 x  1\\.6 x \\(Test GPU \\(sm_00\\), \\d{4}-\\d\\d-\\d\\d\\) \\|");
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(json.path("device").asText()).isEqualTo("Test GPU (sm_00)");
        assertThat(json.path("rows")).hasSize(2);
        assertThat(json.path("rows").path(0).path("subject").asText()).isEqualTo("a | b");
    }

    @Test
    void aDryRunPreparesEverythingAndMeasuresNothing() throws IOException {
        assertThat(run(true, "test-fine", "test-crashed")).isEqualTo(GpuCheck.HOLDS);

        assertThat(results())
                .contains("no device (dry run)")
                .doesNotContain(" ok |")
                .contains("skipped: dry run");
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("prepared test-fine", "prepared test-crashed");
    }

    @Test
    void aPartThatIsMissingFailsTheDryRun() throws IOException {
        assertThat(run(true, "test-unprepared", "test-fine")).isEqualTo(GpuCheck.FAILED);

        assertThat(results()).contains("failed: before the device", "kernels.fatbin is missing");
    }

    @Test
    void withoutADriverTheRestIsADryRunWithAnExitCodeOfItsOwn() throws IOException {
        CheckOptions options = CheckOptions.of(folder, folder, folder.resolve("baseline.py"))
                .withOnly(List.of("device", "test-fine"))
                .with(Optional.of("/no/such/libcuda.so"), Duration.ofMinutes(2), false, true);

        assertThat(new GpuCheck(options, out()).run()).isEqualTo(GpuCheck.NO_DEVICE);
        assertThat(results()).contains("/no/such/libcuda.so").doesNotContain(" ok |");
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("Nothing was measured", "what can be done without a device works");
    }

    @Test
    void whenTimeIsUpTheRestIsSkipped() throws IOException {
        CheckOptions options = CheckOptions.of(folder, folder, folder.resolve("baseline.py"))
                .withOnly(List.of("test-fine"))
                .with(Optional.empty(), Duration.ofSeconds(1), false, true);

        assertThat(new GpuCheck(options, out()).run()).isEqualTo(GpuCheck.NO_DEVICE);
        assertThat(results()).contains("skipped: no time was left");
    }

    @Test
    void anUnknownItemIsAnsweredWithThoseThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(true, "gem"))
                .withMessageContainingAll("'gem'", "device", "test-fine");
    }

    @Test
    void itemsAreDistinctClaimSomethingAndEndInTimeTogether() {
        List<GpuCheckItem> items = real().toList();

        assertThat(items).extracting(GpuCheckItem::id).doesNotHaveDuplicates().contains("device");
        assertThat(items).allSatisfy(item -> {
            assertThat(item.claims()).isNotEmpty();
            assertThat(item.claims()).extracting(Claim::id).doesNotHaveDuplicates();
        });
        assertThat(items.getFirst().id())
                .as("tells the others whether there is a device")
                .isEqualTo("device");
    }

    @Test
    void figuresOfTorchAreReadAmongWhatElseItPrints() {
        assertThat(TorchBaseline.figures("torch 2 on GPU\nbf16.1536.8960=1.25\nint8.5120.5120=5e-1\nname=text\n"))
                .containsExactly(
                        java.util.Map.entry("bf16.1536.8960", 1.25), java.util.Map.entry("int8.5120.5120", 0.5));
    }

    static Stream<GpuCheckItem> real() {
        return GpuCheck.items().stream().filter(item -> !item.id().startsWith(TestItems.PREFIX));
    }

    private int run(boolean dry, String... ids) throws IOException {
        CheckOptions options = CheckOptions.of(folder, folder, folder.resolve("baseline.py"))
                .withOnly(List.of(ids))
                .with(Optional.empty(), Duration.ofMinutes(5), dry, false);
        return new GpuCheck(options, out()).run();
    }

    private PrintStream out() {
        return new PrintStream(printed, true, StandardCharsets.UTF_8);
    }

    private String results() throws IOException {
        return Files.readString(folder.resolve("results.md"));
    }
}
