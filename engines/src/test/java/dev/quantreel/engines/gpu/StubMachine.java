package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.StubLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// A folder of stub libraries: a machine with as much of NVIDIA's software as a test wants.
final class StubMachine {

    /// Short enough to wait for a driver that hangs, long enough for a JVM to start on a busy machine.
    private static final Duration LIMIT = Duration.ofSeconds(15);

    private final Path folder;

    StubMachine(Path folder) {
        this.folder = folder;
    }

    StubMachine with(String library, String source, String... definitions) throws IOException, InterruptedException {
        StubLibrary.compile(source, folder.resolve(library), definitions);
        return this;
    }

    StubMachine driver(String... definitions) throws IOException, InterruptedException {
        return with("libcuda.so.1", "driver.c", definitions);
    }

    StubMachine versions(String library, String... definitions) throws IOException, InterruptedException {
        return with(library, "versions.c", definitions);
    }

    /// CUDA 13 with cuDNN 9.
    StubMachine cuda() throws IOException, InterruptedException {
        return versions("libcudart.so.13", "RUNTIME=13010")
                .versions("libcublas.so.13", "CUBLAS=13")
                .versions("libcudnn.so.9", "CUDNN=91900", "CUDNN_CUDA=13010")
                .versions("libnvrtc.so.13", "NVRTC=13");
    }

    /// TensorRT 10.15 without builder resources.
    StubMachine tensorRt() throws IOException, InterruptedException {
        return versions("libnvinfer.so.10", "TENSORRT=101501").versions("libnvonnxparser.so.10", "PARSER=101501");
    }

    StubMachine file(String name) throws IOException {
        Files.writeString(folder.resolve(name), "");
        return this;
    }

    GpuReport detect() {
        return GpuDetection.detect(Optional.of(folder), LIMIT);
    }
}
