package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.tensor.DType;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// The library itself on a machine without a GPU, in a process of its own: `-Dtensorrt.natives=JARS` are the
/// native parts
/// of the bindings (tensorrt, cuda, javacpp), `-Dtensorrt.libraries=FOLDERS` hold NVIDIA's libraries and an
/// empty one in
/// the place of each that is missing, libcuda.so.1 among them.
@EnabledIfSystemProperty(named = "tensorrt.natives", matches = ".+")
@EnabledIfSystemProperty(named = "tensorrt.libraries", matches = ".+")
class TensorRtLibraryTest {

    /// @param args a folder with a graph
    public static void main(String[] args) throws IOException {
        JavaCppTensorRt library = new JavaCppTensorRt(CppObject::delete);
        System.out.println("versions " + library.boundVersion() + " " + library.libraryVersion());
        Path folder = Path.of(args[0]);
        try (Arena arena = Arena.ofConfined()) {
            library.open(arena.allocate(64));
        } catch (TensorRtException e) {
            System.out.println("open: " + e.getMessage());
        }
        try {
            library.build(
                    new BuildRequest(
                            folder.resolve("m.onnx"),
                            OptimizationProfile.beside(folder.resolve("m.onnx")),
                            folder.resolve("m.plan"),
                            folder.resolve("times"),
                            BuildOptions.DEFAULTS),
                    message -> System.out.println(message.line()));
        } catch (TensorRtException e) {
            System.out.println("build: " + e.getMessage());
        }
    }

    @Test
    void everythingUpToTheDeviceIsSaidAndNothingCrashes(@TempDir Path folder) throws IOException, InterruptedException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("m");
        graph.output("y", graph.op(OnnxOp.Tanh, graph.input("x", DType.F32, Dim.of(3))), DType.F32, Dim.of(3));
        OnnxWriter.write(graph.build(Map.of()), folder.resolve("m.onnx"));
        Files.writeString(
                OptimizationProfile.beside(folder.resolve("m.onnx")), new OptimizationProfile("m", List.of()).toJson());
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        TensorRtLibraryTest.class.getName(),
                        folder.toString())
                .redirectErrorStream(true);
        builder.environment()
                .put(
                        "CLASSPATH",
                        System.getProperty("java.class.path")
                                + File.pathSeparator
                                + System.getProperty("tensorrt.natives"));
        builder.environment().put("LD_LIBRARY_PATH", System.getProperty("tensorrt.libraries"));
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(printed)
                .containsPattern("versions 101501 10\\d{4}")
                .containsPattern("open: TensorRT does not start: .*error: 35")
                .containsPattern("build: TensorRT's builder does not start: .*error: 35");
    }
}
