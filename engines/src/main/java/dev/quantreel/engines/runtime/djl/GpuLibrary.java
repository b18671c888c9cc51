package dev.quantreel.engines.runtime.djl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Where the build of ONNX Runtime that knows CUDA is, if it is here. Looks at files alone and loads nothing.
///
/// @param place for people
/// @param tensorRt whether its provider for TensorRT is there, too
record GpuLibrary(String place, boolean tensorRt) {

    static final String NATIVE_PATH = "onnxruntime.native.path";

    /// What to do where it is missing.
    static final String HOW_TO_INSTALL = "./quantreel install ort-gpu fetches it (CUDA 12; with --cuda 13 the build for"
            + " CUDA 13), then start Quantreel again; CUDA, cuDNN 9 and the driver are NVIDIA's and come from there";

    private static final String CUDA = "libonnxruntime_providers_cuda.so";
    private static final String TENSORRT = "libonnxruntime_providers_tensorrt.so";
    private static final String RESOURCES = "ai/onnxruntime/native/linux-x64/";

    /// First where the launcher says that native libraries lie, then in jars of the class path.
    static Optional<GpuLibrary> find(Optional<Path> nativePath, ClassLoader classes) {
        if (nativePath.isPresent() && Files.isRegularFile(nativePath.get().resolve(CUDA))) {
            Path folder = nativePath.get();
            return Optional.of(new GpuLibrary(folder.toString(), Files.isRegularFile(folder.resolve(TENSORRT))));
        }
        if (nativePath.isEmpty() && classes.getResource(RESOURCES + CUDA) != null) {
            return Optional.of(
                    new GpuLibrary("a jar of the class path", classes.getResource(RESOURCES + TENSORRT) != null));
        }
        return Optional.empty();
    }

    static Optional<GpuLibrary> find() {
        return find(
                Optional.ofNullable(System.getProperty(NATIVE_PATH)).map(Path::of), GpuLibrary.class.getClassLoader());
    }
}
