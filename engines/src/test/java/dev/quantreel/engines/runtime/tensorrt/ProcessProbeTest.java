package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.EngineProvider.Availability.Unavailable;
import dev.quantreel.engines.runtime.tensorrt.TensorRtProbe.Missing;
import dev.quantreel.engines.runtime.tensorrt.TensorRtProbe.Ready;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Looking for TensorRT where all, something or nothing of it is there.
@Timeout(120)
class ProcessProbeTest {

    private static final Ready H100 = new Ready(101501, FakeDevice.CHIP, 85_000_000_000L);

    /// Behaves as its class says, in the place of [ProbeMain].
    static final class Good {
        public static void main(String[] args) {
            System.out.println("a line of the library");
            System.out.println(new BuildMessage.Done(H100.text()).line());
        }
    }

    static final class Silent {
        public static void main(String[] args) {}
    }

    static final class Strange {
        public static void main(String[] args) {
            System.out.println(new BuildMessage.Done("version=many").line());
        }
    }

    static final class Hanging {
        public static void main(String[] args) throws InterruptedException {
            Thread.sleep(600_000);
        }
    }

    static final class Failing {
        public static void main(String[] args) {
            System.out.println(new BuildMessage.Failed("libcudnn.so.9 is missing").line());
            System.exit(1);
        }
    }

    private static TensorRtProbe.Result ask(Class<?> main, Duration limit) {
        return new ProcessProbe(Optional::empty, NativeProcess.of(main, "64m"), limit).result();
    }

    private static String missing(TensorRtProbe.Result result) {
        assertThat(result).isInstanceOf(Missing.class);
        return ((Missing) result).reason();
    }

    @Test
    void whatTheProcessFoundIsBelieved() {
        assertThat(ask(Good.class, Duration.ofMinutes(1))).isEqualTo(H100);
    }

    @Test
    void everyOtherEndIsAReason() {
        assertThat(missing(ask(Silent.class, Duration.ofMinutes(1)))).contains("ended without a result");
        assertThat(missing(ask(Strange.class, Duration.ofMinutes(1)))).contains("does not start");
        assertThat(missing(ask(Failing.class, Duration.ofMinutes(1)))).contains("libcudnn.so.9 is missing");
        assertThat(missing(ask(Hanging.class, Duration.ofSeconds(1)))).contains("within 1 s");
    }

    @Test
    void whatIsSeenToBeMissingStartsNoProcess() {
        TensorRtProbe probe = new ProcessProbe(
                () -> Optional.of("no driver"),
                new NativeProcess("there is no such class", java.util.List.of()),
                Duration.ZERO);

        assertThat(probe.result()).isEqualTo(new Missing("no driver"));
        assertThat(new TensorRtEngineProvider(probe).probe()).isEqualTo(new Unavailable("no driver"));
    }

    @Test
    void aMachineWithoutADriverIsToldSo() {
        assertThat(ProcessProbe.firstObstacle(
                        "libcuda-that-is-not-there.so.1", getClass().getClassLoader()))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("no NVIDIA driver", "libcuda-that-is-not-there.so.1"));
    }

    @Test
    void aDriverWithoutBindingsIsToldWhatToInstall() {
        // Some library that every system has stands for the driver.
        ClassLoader none = new URLClassLoader(new URL[0], null);
        assertThat(ProcessProbe.firstObstacle("libc.so.6", none))
                .hasValueSatisfying(reason -> assertThat(reason).contains("./quantreel install tensorrt"));
        assertThat(ProcessProbe.firstObstacle("libc.so.6", getClass().getClassLoader()))
                .isEmpty();
    }

    @Test
    void onlyLibrariesThatTheBindingsWereMadeForAreTaken() {
        FakeTensorRt library = new FakeTensorRt();
        assertThat(said(() -> library)).startsWith("@quantreel done version=101501 major=9 minor=0");
        for (int version : new int[] {110201, 100600, 101200, 86100}) {
            library.version = version;
            assertThat(said(() -> library))
                    .contains("failed TensorRT " + TensorRtBindings.versionText(version), "10.15");
        }
        library.version = 101600;
        assertThat(said(() -> library)).contains("done version=101600");
    }

    @Test
    void aMissingLibraryIsNamedByTheInnermostCause() {
        UnsatisfiedLinkError outer = new UnsatisfiedLinkError("no jninvinfer in java.library.path");
        outer.initCause(new UnsatisfiedLinkError("libnvinfer.so.10: cannot open shared object file"));

        assertThat(said(() -> {
                    throw outer;
                }))
                .contains("failed", "libnvinfer.so.10: cannot open", "install tensorrt");
        assertThat(said(() -> {
                    throw new NoClassDefFoundError("org/bytedeco/tensorrt/global/nvinfer");
                }))
                .contains("bindings of TensorRT are not on the class path");
    }

    private static String said(Supplier<TensorRtBindings> library) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ProbeMain.run(FakeDevice::new, library, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }
}
