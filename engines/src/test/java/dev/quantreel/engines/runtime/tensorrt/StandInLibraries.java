package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.cuda.driver.StubLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Libraries in the place of NVIDIA's, and processes that load them.
final class StandInLibraries {

    private static final String INFER = "libnvinfer.so.10";
    private static final String[] DIALECT = {
        "-xc++", "-std=c++17", "-fno-rtti", "-fno-exceptions", "-fno-threadsafe-statics"
    };

    /// What the bindings load first; nothing calls them.
    private static final List<String> EMPTY = List.of(
            "libcuda.so.1",
            "libcudart.so.13",
            "libcublas.so.13",
            "libcublasLt.so.13",
            "libnvrtc.so.13",
            "libcudnn.so.9",
            "libcudnn_adv.so.9",
            "libcudnn_cnn.so.9",
            "libcudnn_engines_precompiled.so.9",
            "libcudnn_engines_runtime_compiled.so.9",
            "libcudnn_graph.so.9",
            "libcudnn_heuristic.so.9",
            "libcudnn_ops.so.9",
            "libnvinfer_plugin.so.10");

    private StandInLibraries() {}

    /// TensorRT without its parser, and empty libraries of all that the bindings load besides.
    static void compile(Path folder) throws IOException, InterruptedException {
        StubLibrary.compile("tensorrt.cpp", folder.resolve(INFER), DIALECT);
        empty(folder);
    }

    /// The same, whose networks are for NVIDIA's parser.
    static void compileForParser(Path folder) throws IOException, InterruptedException {
        Path network = Files.createDirectories(folder).resolve("network.cpp");
        try (InputStream text = StandInLibraries.class.getResourceAsStream("/native-stubs/network.cpp")) {
            Files.write(network, Objects.requireNonNull(text).readAllBytes());
        }
        String[] more = {"-Wl,--no-as-needed", "-lstdc++", "-include", network.toString(), "NETWORK"};
        StubLibrary.compile(
                "tensorrt.cpp",
                folder.resolve(INFER),
                Stream.concat(Stream.of(DIALECT), Stream.of(more)).toArray(String[]::new));
        empty(folder);
    }

    /// The parser.
    static void compileParser(Path folder) throws IOException, InterruptedException {
        StubLibrary.compile(
                "tensorrt.cpp",
                folder.resolve("libnvonnxparser.so.10"),
                Stream.concat(Stream.of(DIALECT), Stream.of("PARSER")).toArray(String[]::new));
    }

    private static void empty(Path folder) throws IOException, InterruptedException {
        Path empty = StubLibrary.compile("empty.c", folder.resolve("libempty.so"));
        for (String name : EMPTY) {
            Files.copy(empty, folder.resolve(name));
        }
    }

    /// Starts a class with the folder as its argument; what it prints goes to `said` there.
    ///
    /// @param libraries folders, as `LD_LIBRARY_PATH` has them
    static Process process(Class<?> main, String libraries, Path folder) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx512m",
                        "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("javacpp"),
                        main.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().put("LD_LIBRARY_PATH", libraries);
        builder.environment().put("QUANTREEL_STAND_IN", folder.toString());
        return builder.start();
    }
}
