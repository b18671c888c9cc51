package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.memory.MachineMemory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `inspect` of models of real size whose weights are a hole in the file.
class InspectPlanTest {

    @AfterEach
    void noLimit() {
        System.clearProperty(MachineMemory.PROPERTY);
    }

    private static String quantreel(String... arguments) {
        StringWriter out = new StringWriter();
        int code = Main.commandLine().setOut(new PrintWriter(out)).execute(arguments);
        assertThat(code).as(out.toString()).isZero();
        return out.toString();
    }

    private static List<String> plan(String model, Path root) {
        String file = root.resolve(model + ".safetensors").toString();
        quantreel("synth", model, "--sparse", "--out", file);
        return quantreel("inspect", "--header", file).lines().toList();
    }

    @Test
    void hunyuanVideo13BIsPlannedInEveryPrecision(@TempDir Path root) {
        System.setProperty(MachineMemory.PROPERTY, "24g");

        List<String> lines = plan("hunyuan-video", root);

        assertThat(lines).anyMatch(line -> line.startsWith("memory     GB") && line.contains("24.00 are there"));
        List<String> rows =
                lines.stream().filter(line -> line.matches("\\d+x\\d+x\\d+ .*")).toList();
        assertThat(rows).hasSize(9);
        assertThat(rows).filteredOn(row -> row.contains("stored")).allMatch(row -> row.endsWith("no"));
        assertThat(rows.getFirst()).startsWith("256x256x9 768 t").contains("25.6");
        assertThat(rows)
                .filteredOn(row -> row.startsWith("256x256x9") && row.contains("W4A8"))
                .allMatch(row -> row.endsWith("yes"));
        for (int clip = 0; clip < rows.size(); clip += 3) {
            assertThat(peak(rows.get(clip + 1))).isLessThan(peak(rows.get(clip)));
            assertThat(peak(rows.get(clip + 2))).isLessThan(peak(rows.get(clip + 1)));
        }
    }

    @Test
    void clipsAreThoseThatTheModelCanMake(@TempDir Path root) {
        assertThat(plan("ltx-video-2b", root)).anyMatch(line -> line.startsWith("832x480x81 4290 t"));
    }

    private static double peak(String row) {
        String[] words = row.strip().split("\\s+");
        return Double.parseDouble(words[words.length - 2]);
    }
}
