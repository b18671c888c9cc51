package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.cuda.simulator.SimulatorLibrary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The whole check with the host simulator as its driver: the items' own code, the real kernels, the real launches.
class SimulatedCheckTest {

    private final Path folder;

    SimulatedCheckTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void everyItemRunsOnTheSimulatorAndWhatIsExactIs() throws IOException {
        CheckOptions options = CheckOptions.of(
                        folder, Path.of("..", "workflows", "demo-models"), folder.resolve("no-script.py"))
                .withOnly(GpuCheckTest.real().map(GpuCheckItem::id).toList())
                .with(Optional.of(SimulatorLibrary.path().toString()), Duration.ofMinutes(9), false, true);
        ByteArrayOutputStream printed = new ByteArrayOutputStream();

        int code = new GpuCheck(options, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();

        assertThat(code).as(printed.toString(StandardCharsets.UTF_8)).isEqualTo(GpuCheck.HOLDS);
        List<String> lines = Files.readAllLines(folder.resolve("results.md"));
        assertThat(lines).anyMatch(line -> line.startsWith("Measured on: Quantreel host simulator"));
        assertThat(lines.stream().filter(line -> line.startsWith("| kernels |")))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).endsWith("| ok |").contains("| 0 of "));
        assertThat(lines)
                .as("nothing to paste into the document")
                .noneMatch(line -> line.contains("./quantreel gpu-check --only"));
    }
}
