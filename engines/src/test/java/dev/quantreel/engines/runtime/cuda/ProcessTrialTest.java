package dev.quantreel.engines.runtime.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.driver.StubLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.KernelImages;
import dev.quantreel.engines.runtime.cuda.simulator.SimulatorLibrary;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The engine `cuda` believes a driver only after a child process survived it.
class ProcessTrialTest {

    private final Path folder;

    ProcessTrialTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /// The probe with the simulator's kernels.
    public static final class Simulated {
        public static void main(String[] arguments) {
            System.out.println(CudaProbe.probe(new CudaEngineProvider(arguments[0], (unit, chip) -> new byte[] {1})));
        }
    }

    private Availability tried(String definition) throws Exception {
        Path library = StubLibrary.compile("driver.c", folder.resolve("libcuda-" + definition + ".so"), definition);
        return new ProcessTrial(CudaProbe.class, List.of(library.toString()), Duration.ofSeconds(20)).run();
    }

    private static String reason(Availability availability) {
        assertThat(availability).isInstanceOf(Availability.Unavailable.class);
        return ((Availability.Unavailable) availability).reason();
    }

    @Test
    void aDriverThatCrashesCostsTheChildAlone() throws Exception {
        assertThat(reason(tried("CRASH"))).contains("the process that tried the GPU", "crashed in [libcuda-CRASH.so");
    }

    @Test
    void aDriverThatAbortsCostsTheChildAlone() throws Exception {
        assertThat(reason(tried("ABORT"))).contains("the process that tried the GPU", "doctor");
    }

    @Test
    void aDriverThatHangsIsEnded() throws Exception {
        Path library = StubLibrary.compile("driver.c", folder.resolve("libcuda.so"), "HANG");
        Availability found =
                new ProcessTrial(CudaProbe.class, List.of(library.toString()), Duration.ofSeconds(2)).run();

        assertThat(reason(found)).contains("did not answer within 2 s");
    }

    @Test
    void aMachineWithoutADriverIsToldSo() {
        assertThat(reason(ProcessTrial.of("libcuda-that-is-not-there.so.1").run()))
                .contains("NVIDIA's driver is not installed", "libcuda-that-is-not-there.so.1");
    }

    @Test
    void aProductThatComesOutRightIsBelieved() {
        Availability found = new ProcessTrial(
                        Simulated.class, List.of(SimulatorLibrary.path().toString()), Duration.ofSeconds(60))
                .run();

        assertThat(found).isInstanceOfSatisfying(Availability.Available.class, it -> assertThat(it.detail())
                .contains("compute capability 8.9"));
    }

    @Test
    void theProvidersProcessDoesNotLoadADriverThatTheChildDidNotSurvive() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Availability dead = tried("CRASH");
        Supplier<Availability> trial = () -> {
            asked.incrementAndGet();
            return dead;
        };
        // Loading this library here would end the test's own process.
        CudaEngineProvider provider = new CudaEngineProvider(
                folder.resolve("libcuda-CRASH.so").toString(), KernelImages.packed(), Optional.of(trial));

        assertThat(provider.probe()).isEqualTo(dead);
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> provider.create(EngineOptions.DEFAULTS))
                .withMessageContaining("crashed in");
        assertThat(asked).hasValue(2);
    }
}
