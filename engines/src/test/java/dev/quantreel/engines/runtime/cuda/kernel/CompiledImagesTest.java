package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.InstalledNvrtc;
import dev.quantreel.engines.runtime.cuda.driver.Nvrtc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every unit as a build without nvcc makes it on the GPU's machine: by the real NVRTC, which has no header of
/// the host.
class CompiledImagesTest {

    private static final ComputeCapability ADA = new ComputeCapability(8, 9);
    private static final ComputeCapability HOPPER = new ComputeCapability(9, 0);

    /// Units that hold no kernel for some chips.
    private static final Set<String> ADA_ALONE = Set.of("gemm_s4s4");

    private static final Set<String> HOPPER_ALONE = Set.of("gemm_wgmma", "attention_wgmma");

    static Stream<String> units() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src", "main", "cuda"))) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".cu"))
                    .map(name -> name.substring(0, name.length() - ".cu".length()))
                    .sorted()
                    .collect(Collectors.toList())
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("units")
    void theCompilerOfTheGpusMachineMakesEveryUnit(String unit) {
        Nvrtc compiler = InstalledNvrtc.orSkip();

        String ada = code(compiler, unit, ADA);
        String hopper = code(compiler, unit, HOPPER);

        assertThat(ada.contains(".text.qr_")).isEqualTo(!HOPPER_ALONE.contains(unit));
        assertThat(hopper.contains(".text.qr_")).isEqualTo(!ADA_ALONE.contains(unit));
    }

    private static String code(Nvrtc compiler, String unit, ComputeCapability chip) {
        byte[] image = new CompiledImages(compiler).image(unit, chip);
        assertThat(image).startsWith(0x7f, 'E', 'L', 'F');
        return new String(image, StandardCharsets.ISO_8859_1);
    }
}
