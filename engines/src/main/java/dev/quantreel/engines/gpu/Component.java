package dev.quantreel.engines.gpu;

import java.util.List;

/// A part of NVIDIA's software that is looked for, in the order in which it is asked.
public enum Component {
    DRIVER("NVIDIA driver", "libcuda.so.1"),
    /// Free memory and the driver's version number; comes with the driver.
    MANAGEMENT("management library", "libnvidia-ml.so.1"),
    RUNTIME("CUDA runtime", "libcudart.so.13", "libcudart.so.12"),
    CUBLAS("cuBLAS", "libcublas.so.13", "libcublas.so.12"),
    CUDNN("cuDNN", "libcudnn.so.9", "libcudnn.so.8"),
    NVRTC("NVRTC", "libnvrtc.so.13", "libnvrtc.so.12"),
    TENSORRT("TensorRT", "libnvinfer.so.10", "libnvinfer.so.11", "libnvinfer.so.9", "libnvinfer.so.8"),
    PARSER(
            "TensorRT's ONNX parser",
            "libnvonnxparser.so.10",
            "libnvonnxparser.so.11",
            "libnvonnxparser.so.9",
            "libnvonnxparser.so.8"),
    /// Machine code from which TensorRT builds engines: files beside its library, one for each chip or one for
    /// all.
    RESOURCES("TensorRT's builder resources");

    private final String title;
    private final List<String> libraries;

    Component(String title, String... libraries) {
        this.title = title;
        this.libraries = List.of(libraries);
    }

    /// Name for people.
    public String title() {
        return title;
    }

    /// File names to load, the wanted version first; none where files are only looked at.
    List<String> libraries() {
        return libraries;
    }
}
