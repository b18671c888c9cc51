package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Everything around the transformers, on the engine `cuda` with its real kernels (host simulator): whatever it
/// has no kernel for must be seen when a graph is opened and run on the CPU, never fail in a run.
class CudaEncodersTest {

    private static final List<GoldenFamily> AROUND =
            List.of(new VaeGolden(), new ClipVisionGolden(), new TextEncoderGolden());

    /// Attention in BF16, of values up to 4.
    private static final double OF_ATTENTION = 5e-2;

    private static HostSimulator simulator;
    private static Engine cuda;

    static Stream<Path> files() throws IOException {
        return GoldenParityTest.files()
                .filter(path -> family(GoldenFile.open(path)).isPresent());
    }

    private static Optional<GoldenFamily> family(GoldenFile golden) {
        return AROUND.stream().filter(family -> family.fits(golden)).findFirst();
    }

    @BeforeAll
    static void open() {
        simulator = HostSimulator.start();
        cuda = SimulatedEngine.open("attention=bf16");
    }

    @AfterAll
    static void close() {
        cuda.close();
        simulator.close();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void whatHasNoKernelRunsElsewhere(Path path) {
        GoldenFile golden = GoldenFile.open(path);
        GoldenFamily family = family(golden).orElseThrow();
        double bound = family instanceof VaeGolden ? family.tolerance() : OF_ATTENTION;

        assertThat(family.errors(golden, cuda))
                .isNotEmpty()
                .allSatisfy((name, error) -> assertThat(error).as(name).isLessThan(bound));
    }
}
