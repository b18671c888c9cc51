package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Runs every golden file of a known family found in the folder `-Dgolden.dir` (default: the files in the test
/// resources) and compares with what the reference implementations of diffusers, transformers, ComfyUI and TAEHV
/// computed from the same random weights.
class GoldenParityTest {

    private static final SortedMap<String, Worst> summary = new TreeMap<>();

    static Stream<Path> files() throws IOException {
        Path folder = Path.of(System.getProperty("golden.dir", "src/test/resources/golden"));
        List<Path> found;
        try (Stream<Path> entries = Files.list(folder)) {
            found = entries.filter(path -> path.toString().endsWith(".safetensors"))
                    .filter(path -> GoldenModels.family(GoldenFile.open(path)).isPresent())
                    .sorted()
                    .toList();
        }
        assertThat(found)
                .as("golden files of known families in " + folder.toAbsolutePath())
                .isNotEmpty();
        return found.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void onnxRuntimeAgreesWithTheReferenceImplementation(Path path) {
        check(path, new OrtEngineProvider());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void theInterpreterAgreesWithTheReferenceImplementation(Path path) {
        check(path, new ReferenceEngineProvider());
    }

    @BeforeAll
    static void begin() {
        summary.clear();
    }

    /// One line per file over both engines: how much was compared, and the worst of it.
    @AfterAll
    static void printSummary() {
        summary.forEach((file, worst) -> System.out.printf(
                "golden %-40s %2d results compared, worst %.2e (%s)%n", file, worst.count, worst.error, worst.name));
        System.out.printf("golden %d files%n", summary.size());
    }

    /// @param count results compared
    /// @param error the largest absolute error
    /// @param name the result that has it
    private record Worst(int count, double error, String name) {

        Worst(Map<String, Double> errors) {
            this(errors.size(), Collections.max(errors.values()), worst(errors));
        }

        private static String worst(Map<String, Double> errors) {
            return Collections.max(errors.entrySet(), Map.Entry.comparingByValue())
                    .getKey();
        }

        Worst plus(Worst other) {
            Worst larger = error >= other.error ? this : other;
            return new Worst(count + other.count, larger.error, larger.name);
        }
    }

    private static void check(Path path, EngineProvider provider) {
        GoldenFile golden = GoldenFile.open(path);
        try (Engine engine = provider.create(EngineOptions.DEFAULTS)) {
            GoldenFamily family = GoldenModels.family(golden).orElseThrow();
            Map<String, Double> errors = family.errors(golden, engine);
            errors.forEach((name, error) -> System.out.printf(
                    "golden %-9s %-30s %-32s %6d values, max abs error %.2e%n",
                    engine.id(), path.getFileName(), name, golden.tensor(name).elements(), error));

            summary.merge(path.getFileName().toString(), new Worst(errors), Worst::plus);
            assertThat(errors)
                    .isNotEmpty()
                    .allSatisfy((name, error) -> assertThat(error).as(name).isLessThan(family.tolerance()));
        }
    }
}
