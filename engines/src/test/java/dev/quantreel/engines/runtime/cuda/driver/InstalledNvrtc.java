package dev.quantreel.engines.runtime.cuda.driver;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/// The real compiler, which needs no GPU: the one of this machine ([Nvrtc#find]), else that of
/// `./quantreel install cuda-compiler`. Tests are skipped where there is none.
public final class InstalledNvrtc {

    private static final Path EXTRA = Path.of("..", "extras", "cuda", "nvidia", "cu13", "lib", "libnvrtc.so.13");

    private InstalledNvrtc() {}

    /// The compiler; skips the test that calls this without one.
    public static Nvrtc orSkip() {
        Optional<Nvrtc> found = Nvrtc.find();
        if (found.isEmpty() && Files.exists(EXTRA)) {
            return Nvrtc.open(EXTRA.toAbsolutePath().normalize().toString());
        }
        Assumptions.assumeTrue(
                found.isPresent(),
                "skipped: libnvrtc is not installed (QUANTREEL_NVRTC names none; ./quantreel install cuda-compiler)");
        return found.orElseThrow();
    }
}
