package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaVersion;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibrary;
import dev.quantreel.engines.runtime.cuda.driver.Nvml;
import dev.quantreel.engines.runtime.cuda.driver.Nvrtc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How each library is asked for its version.
final class LibraryQuestion {

    private LibraryQuestion() {}

    /// Loads a library and asks it.
    ///
    /// @param library name that is reported
    /// @param file name or path that is loaded
    /// @throws NativeLibraryException when it cannot be loaded, or lacks the question's function
    static ProbeLine ask(Component component, String library, String file) {
        return switch (component) {
            case DRIVER -> {
                CudaDriver driver = CudaDriver.open(file);
                yield loaded(component, library, driver.version().toString(), driver.library(), "cuInit");
            }
            case MANAGEMENT -> {
                Nvml nvml = Nvml.open(file);
                yield loaded(component, library, nvml.driverVersion(), nvml.library(), "nvmlInit_v2");
            }
            case RUNTIME -> {
                NativeLibrary runtime = NativeLibrary.open(file);
                yield loaded(
                        component,
                        library,
                        CudaVersion.of(written(runtime, "cudaRuntimeGetVersion"))
                                .toString(),
                        runtime,
                        "cudaRuntimeGetVersion");
            }
            case CUBLAS -> {
                NativeLibrary cublas = NativeLibrary.open(file);
                String version = property(cublas, 0) + "." + property(cublas, 1) + "." + property(cublas, 2);
                yield loaded(component, library, version, cublas, "cublasGetProperty");
            }
            case CUDNN -> cudnn(library, NativeLibrary.open(file));
            case NVRTC -> {
                Nvrtc nvrtc = Nvrtc.open(file);
                yield loaded(component, library, nvrtc.version().toString(), nvrtc.library(), "nvrtcVersion");
            }
            case TENSORRT -> decimal(component, library, NativeLibrary.open(file), "getInferLibVersion");
            case PARSER -> decimal(component, library, NativeLibrary.open(file), "getNvOnnxParserVersion");
            case RESOURCES -> throw new IllegalArgumentException("builder resources are no library");
        };
    }

    private static ProbeLine loaded(
            Component component, String library, String version, NativeLibrary file, String function) {
        return new ProbeLine.Loaded(
                component, library, version, file.fileOf(function).orElse(""), "");
    }

    private static ProbeLine cudnn(String library, NativeLibrary cudnn) {
        String builtFor = cudnn.has("cudnnGetCudartVersion")
                ? CudaVersion.of((int) cudnn.call("cudnnGetCudartVersion")).toString()
                : "";
        return new ProbeLine.Loaded(
                Component.CUDNN,
                library,
                decimal((int) cudnn.call("cudnnGetVersion")),
                cudnn.fileOf("cudnnGetVersion").orElse(""),
                builtFor);
    }

    private static ProbeLine decimal(Component component, String library, NativeLibrary file, String function) {
        return loaded(component, library, decimal((int) file.call(function)), file, function);
    }

    /// Version as NVIDIA writes it into one number: 101501 is 10.15.1, 91900 is 9.19.0, and before 9.0 8601 is
    /// 8.6.1.
    static String decimal(int code) {
        int major = code < 10_000 ? code / 1000 : code / 10_000;
        int rest = code < 10_000 ? code % 1000 : code % 10_000;
        return major + "." + rest / 100 + "." + rest % 100;
    }

    /// Part of cuBLAS's version: 0 major, 1 minor, 2 patch.
    private static int property(NativeLibrary cublas, int part) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            cublas.call("cublasGetProperty", part, value.address());
            return value.get(ValueLayout.JAVA_INT, 0);
        }
    }

    private static int written(NativeLibrary library, String function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            library.call(function, value.address());
            return value.get(ValueLayout.JAVA_INT, 0);
        }
    }
}
