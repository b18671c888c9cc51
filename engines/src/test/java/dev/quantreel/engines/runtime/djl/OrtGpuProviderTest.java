package dev.quantreel.engines.runtime.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.internal.process.ChildJvm;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.Availability.Available;
import dev.quantreel.engines.runtime.EngineProvider.Availability.Unavailable;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `ort-gpu` says of a machine, up to the GPU.
class OrtGpuProviderTest {

    private static final GpuLibrary LIBRARY = new GpuLibrary("extras/ort-gpu/native", true);

    @Test
    void withoutTheCudaBuildItSaysWhatToInstallAndLoadsNothing() {
        assertThat(OrtGpuProvider.ask(Optional.empty(), List.of(), Duration.ofNanos(1))
                        .availability())
                .isInstanceOfSatisfying(Unavailable.class, no -> assertThat(no.reason())
                        .contains("not installed", "./quantreel install ort-gpu"));
    }

    @Test
    void aChildProcessTriesTheLibraryAndItsReasonArrives() {
        OrtGpuProvider.Answer answer =
                OrtGpuProvider.ask(Optional.of(LIBRARY), List.of("device=0"), Duration.ofSeconds(120));

        // The build on the class path of the tests is that for the processor.
        assertThat(answer.survived()).isTrue();
        assertThat(answer.availability()).isInstanceOfSatisfying(Unavailable.class, no -> assertThat(no.reason())
                .contains("extras/ort-gpu/native", "does not run here", "Failed to find CUDA")
                .contains("first on the class path"));
    }

    @Test
    void aChildThatTakesTooLongIsEnded() {
        assertThat(OrtGpuProvider.ask(Optional.of(LIBRARY), List.of(), Duration.ofMillis(1))
                        .availability())
                .isInstanceOfSatisfying(
                        Unavailable.class, no -> assertThat(no.reason()).contains("lack of time"));
    }

    @ParameterizedTest
    @CsvSource({
        "libcuda.so.1: cannot open shared object file, NVIDIA's driver is missing",
        "libcudnn.so.9: cannot open shared object file, install cuDNN 9",
        "libcublasLt.so.12: cannot open shared object file, install the CUDA libraries",
        "libnvinfer.so.10: cannot open shared object file, install TensorRT 10",
        "out of luck, doctor"
    })
    void theMissingLibraryIsNamedWithWhatToInstall(String said, String hint) {
        OrtGpuProvider.Answer answer =
                OrtGpuProvider.judge(new ChildJvm.Ended(0, false, List.of("noise", OrtGpuProbe.FAILS + said)), LIBRARY);

        assertThat(answer.survived()).isTrue();
        assertThat(answer.availability()).isInstanceOfSatisfying(Unavailable.class, no -> assertThat(no.reason())
                .contains(said, hint));
    }

    @Test
    void aLibraryThatEndsItsProcessIsReportedAndNotBelieved() {
        OrtGpuProvider.Answer aborted = OrtGpuProvider.judge(
                new ChildJvm.Ended(134, false, List.of(OrtGpuProbe.WORKS + "so it said", "terminate called")), LIBRARY);

        assertThat(aborted.survived()).isFalse();
        assertThat(aborted.availability()).isInstanceOfSatisfying(Unavailable.class, no -> assertThat(no.reason())
                .contains("SIGABRT", "terminate called"));
    }

    @Test
    void aRunThatWorkedIsAvailable() {
        assertThat(OrtGpuProvider.judge(
                                new ChildJvm.Ended(0, false, List.of(OrtGpuProbe.WORKS + "ONNX Runtime 9")), LIBRARY)
                        .availability())
                .isInstanceOfSatisfying(Available.class, yes -> assertThat(yes.detail())
                        .contains("ONNX Runtime 9", "extras/ort-gpu/native", "TensorRT's provider"));
    }

    @Test
    void askedForByNameItFailsWithTheReason() {
        OrtGpuProvider provider = new OrtGpuProvider(() -> new Unavailable("no driver"));

        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> provider.create(EngineOptions.DEFAULTS))
                .withMessage("ort-gpu: no driver");
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> provider.create(EngineOptions.parse(0, "devise=1")))
                .withMessageContainingAll("'devise'", "device", "memory");
    }

    @Test
    void theFolderOfTheLauncherComesBeforeTheClassPath(@TempDir Path folder) throws IOException {
        Path jar = Files.createDirectories(folder.resolve("jar/ai/onnxruntime/native/linux-x64"));
        Files.createFile(jar.resolve("libonnxruntime_providers_cuda.so"));
        Path natives = Files.createDirectories(folder.resolve("native"));
        URL url = folder.resolve("jar").toUri().toURL();
        try (URLClassLoader classes = new URLClassLoader(new URL[] {url}, null)) {
            assertThat(GpuLibrary.find(Optional.empty(), classes))
                    .contains(new GpuLibrary("a jar of the class path", false));
            assertThat(GpuLibrary.find(Optional.of(natives), classes))
                    .as("libraries of a folder are never mixed with those of a jar")
                    .isEmpty();
            Files.createFile(natives.resolve("libonnxruntime_providers_cuda.so"));
            Files.createFile(natives.resolve("libonnxruntime_providers_tensorrt.so"));
            assertThat(GpuLibrary.find(Optional.of(natives), classes))
                    .contains(new GpuLibrary(natives.toString(), true));
        }
    }

    @Test
    void settingsBecomeOptionsOfTheProviders() {
        OrtGpuOptions options = OrtGpuOptions.of(
                "ort-gpu",
                EngineOptions.parse(
                        0, "device=1 provider=tensorrt precision=int8 memory=8g growth=exact cache=/c tf32"));

        assertThat(options.cuda())
                .containsEntry("device_id", "1")
                .containsEntry("gpu_mem_limit", Long.toString(8L << 30))
                .containsEntry("arena_extend_strategy", "kSameAsRequested")
                .containsEntry("use_tf32", "1");
        assertThat(options.tensorRt(options.cacheFolder()))
                .containsEntry("device_id", "1")
                .containsEntry("trt_fp16_enable", "1")
                .containsEntry("trt_int8_enable", "1")
                .containsEntry("trt_engine_cache_path", "/c")
                .containsEntry("trt_max_workspace_size", Long.toString(8L << 30));
        assertThat(options.describe()).contains("GPU 1", "TensorRT INT8", "8192 MiB");
    }

    @Test
    void productsKeepTheirPrecisionUnlessToldOtherwise() {
        OrtGpuOptions options = OrtGpuOptions.of("ort-gpu", EngineOptions.DEFAULTS);

        assertThat(options.cuda()).containsEntry("use_tf32", "0").doesNotContainKey("gpu_mem_limit");
        assertThat(options.tensorRt()).isFalse();
        assertThat(options.tensorRt(options.cacheFolder())).containsEntry("trt_fp16_enable", "0");
        assertThat(options.cacheFolder().toString()).endsWith("fp32");
    }

    @ParameterizedTest
    @CsvSource({
        "memory=lots,bytes",
        "device=first,a number",
        "provider=cpu,cuda",
        "precision=fp4,int8",
        "tf32=maybe,true"
    })
    void aSettingWithoutSenseIsRefusedWithWhatIsAccepted(String setting, String accepted) {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> OrtGpuOptions.of("ort-gpu", EngineOptions.parse(0, setting)))
                .withMessageContainingAll(setting.split("=")[0], setting.split("=")[1], accepted);
    }
}
