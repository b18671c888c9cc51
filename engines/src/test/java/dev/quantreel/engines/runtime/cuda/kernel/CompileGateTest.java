package dev.quantreel.engines.runtime.cuda.kernel;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quantreel.engines.runtime.cuda.kernel.MachineCode.MatrixInstruction;
import dev.quantreel.engines.runtime.cuda.simulator.SimulatorLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel compiles for every chip without warnings and spills, and multiplies by the instructions it is meant to.
///
/// Needs nvcc (`tools/cuda/install-nvcc.sh`); the counts are those of nvcc 13.0 and compared with it alone.
class CompileGateTest {

    private static final List<String> CHIPS = List.of("80", "86", "89", "90a", "100", "120a");

    /// Chips with tensor cores for integers of four bits.
    private static final List<String> FOUR_BIT_CHIPS = List.of("80", "86", "89");

    private static final Path ROOT = SimulatorLibrary.root();
    private static final Path SOURCES = ROOT.resolve("engines/src/main/cuda");
    private static final Path EXPECTED = ROOT.resolve("engines/src/test/resources/cuda/matrix-instructions.txt");
    private static final Path OUT = ROOT.resolve("engines/target/cuda");
    private static String compiler = "";

    @BeforeAll
    static void compile() throws IOException, InterruptedException {
        String nvcc = output(ROOT.resolve("tools/cuda/find-nvcc.sh").toString());
        assumeTrue(!nvcc.isBlank(), "no nvcc: the compile gate is skipped; tools/cuda/install-nvcc.sh fetches it");
        compiler = output(nvcc.strip(), "--version");
        Process build = new ProcessBuilder(
                        "bash", ROOT.resolve("tools/cuda/build-kernels.sh").toString(), OUT.toString())
                .redirectErrorStream(true)
                .start();
        String log = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(build.waitFor()).as(log).isZero();
    }

    private static String output(String... command) throws IOException {
        return new String(new ProcessBuilder(command).start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    static List<String> chips() {
        return CHIPS;
    }

    private static List<String> units() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".cu"))
                    .map(name -> name.substring(0, name.length() - 3))
                    .sorted()
                    .toList();
        }
    }

    private static Path object(String unit, String chip, String ending) {
        return OUT.resolve("objects/" + unit + ".sm_" + chip + ".cubin" + ending);
    }

    @ParameterizedTest(name = "sm_{0}")
    @MethodSource("chips")
    void everyKernelCompilesWithoutWarningsAndSpills(String chip) throws IOException {
        StringBuilder table = new StringBuilder();
        for (String unit : units()) {
            String log = Files.readString(object(unit, chip, ".log"));
            assertThat(log.lines().filter(line -> line.contains("warning")))
                    .as(unit)
                    .isEmpty();
            assertThat(log)
                    .as("wgmma must not be serialized")
                    .doesNotContain("Potential Performance Loss", "arrive is injected");
            List<CompilerReport> reports = CompilerReport.parse(log);
            for (CompilerReport report : reports) {
                assertThat(report.spillBytes()).as(report.toString()).isZero();
                assertThat(report.registers()).as(report.toString()).isPositive();
                table.append("| %s | %s | %d | %d | %d |%n"
                        .formatted(
                                chip, report.kernel(), report.registers(), report.sharedBytes(), report.stackBytes()));
            }
        }
        System.out.print("| sm | kernel | registers | static shared bytes | stack bytes |\n" + table);
    }

    @Test
    void kernelsMultiplyByTheInstructionsOfTheTable() throws IOException {
        assumeTrue(compiler.contains("release 13.0"), "the counts are those of nvcc 13.0");
        StringBuilder table = new StringBuilder();
        matrixInstructions().forEach((kernel, chips) -> {
            table.append(kernel).append('\n');
            chips.forEach((counts, names) -> table.append("    %s: %s%n".formatted(String.join(" ", names), counts)));
        });

        if (System.getProperty("golden.update") != null) {
            Files.createDirectories(EXPECTED.getParent());
            Files.writeString(EXPECTED, table);
        }
        assertThat(table.toString()).as("write it with -Dgolden.update").isEqualTo(Files.readString(EXPECTED));
    }

    /// By kernel: what it multiplies by, and the chips where that is so; other chips do not have the kernel.
    private static Map<String, Map<String, List<String>>> matrixInstructions() throws IOException {
        Map<String, Map<String, List<String>>> kernels = new TreeMap<>();
        for (String unit : units()) {
            int before = kernels.size();
            for (String chip : CHIPS) {
                MachineCode.matrixInstructions(object(unit, chip, ""))
                        .forEach((kernel, counts) -> kernels.computeIfAbsent(kernel, k -> new LinkedHashMap<>())
                                .computeIfAbsent(text(counts), k -> new ArrayList<>())
                                .add("sm_" + chip));
            }
            assertThat(kernels.size()).as("kernels of " + unit).isGreaterThan(before);
        }
        return kernels;
    }

    private static String text(Map<MatrixInstruction, Integer> counts) {
        return counts.isEmpty()
                ? "none"
                : counts.entrySet().stream()
                        .map(count -> count.getKey() + " " + count.getValue())
                        .collect(joining(", "));
    }

    @Test
    void fourBitProductsAreNativeWhereTheChipHasThem() throws IOException {
        for (String unit : units()) {
            for (String chip : CHIPS) {
                MachineCode.matrixInstructions(object(unit, chip, "")).forEach((kernel, counts) -> {
                    if (kernel.contains("s4s4")) {
                        assertThat(counts.containsKey(MatrixInstruction.IMMA_S4))
                                .as(kernel + " on sm_" + chip)
                                .isEqualTo(FOUR_BIT_CHIPS.contains(chip));
                    }
                });
            }
        }
    }

    /// ptxas moves exponentials behind the last wait, where nothing runs beside them, unless something stands between.
    @Test
    void hoppersAttentionMakesWeightsWhileItsProductsRun() throws IOException {
        assertThat(MachineCode.exponentialsBesideProducts(object("attention_wgmma", "90a", "")))
                .hasSize(4)
                .allSatisfy((kernel, count) -> assertThat(count)
                        .as("one for each of 32 scores of a thread and for what two rows shrink by, in " + kernel)
                        .isEqualTo(34));
    }
}
