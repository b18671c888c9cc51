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
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Runs every golden file of a known family found in the folder `-Dgolden.dir` (default: the files in the test
/// resources) and compares with what the reference implementations of diffusers, transformers, ComfyUI and TAEHV
/// computed from the same random weights.
class GoldenParityTest {

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

    private static void check(Path path, EngineProvider provider) {
        GoldenFile golden = GoldenFile.open(path);
        try (Engine engine = provider.create(EngineOptions.DEFAULTS)) {
            GoldenFamily family = GoldenModels.family(golden).orElseThrow();
            Map<String, Double> errors = family.errors(golden, engine);
            errors.forEach((name, error) -> System.out.printf(
                    "golden %-9s %-30s %-32s %6d values, max abs error %.2e%n",
                    engine.id(), path.getFileName(), name, golden.tensor(name).elements(), error));

            assertThat(errors)
                    .isNotEmpty()
                    .allSatisfy((name, error) -> assertThat(error).as(name).isLessThan(family.tolerance()));
        }
    }
}
