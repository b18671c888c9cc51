package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// NVIDIA's own ONNX parser reads the graphs of the export: `-Dtensorrt.parser=FOLDER` has its
/// `libnvonnxparser.so.10` (of the same version as the bindings), which needs neither a GPU nor the rest of
/// TensorRT. The network that it fills is ours (`native-stubs/network.cpp`), so what the builder would say
/// stays open.
@EnabledIfSystemProperty(named = "tensorrt.parser", matches = ".+")
class OnnxParserTest {

    private static final Map<String, Integer> FAMILIES = new TreeMap<>(Map.of(
            "wan_t2v_diffusers.safetensors", 2,
            "ltx_diffusers.safetensors", 2,
            "cogvideox5b_diffusers.safetensors", 3,
            "hunyuan_video_diffusers.safetensors", 3,
            "latte_diffusers.safetensors", 3));

    private static final List<ExportForm> TYPED =
            List.of(ExportForm.QDQ_INT8, ExportForm.INT4, ExportForm.FP8, ExportForm.PLAIN);

    private final Path folder;

    OnnxParserTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /// @param args the folder to work in
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        JavaCppTensorRt library = new JavaCppTensorRt(CppObject::delete);
        System.out.println("bad: " + read(library, folder, integers(), new OptimizationProfile("integers", List.of())));
        for (Map.Entry<String, Integer> family : FAMILIES.entrySet()) {
            TinyTransformer tiny = new TinyTransformer(family.getKey(), family.getValue());
            QuantizedWeights weights = ExportedTransformerTest.quantized(tiny.checkpoint());
            for (ExportForm form : TYPED) {
                for (ComputePrecision precision : List.of(ComputePrecision.BF16, ComputePrecision.FP16)) {
                    OnnxExport.Result result =
                            ExportedTransformerTest.export(tiny, weights, ExportSettings.of(form, precision));
                    for (OnnxModel graph : result.graphs().values()) {
                        OptimizationProfile profile = ExportedTransformerTest.profiles(tiny, result)
                                .of(graph)
                                .orElseThrow();
                        System.out.println("graph " + form + " " + precision + " " + graph.name() + ": "
                                + read(library, folder, graph, profile));
                    }
                }
            }
        }
    }

    /// An operator that TensorRT does not have.
    private static OnnxModel integers() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("integers");
        Value x = graph.input("x", DType.I8, Dim.of(2), Dim.of(2));
        graph.output("y", graph.op(OnnxOp.MatMulInteger, x, x), DType.I32, Dim.of(2), Dim.of(2));
        return graph.build(Map.of());
    }

    private static String read(JavaCppTensorRt library, Path folder, OnnxModel graph, OptimizationProfile profile)
            throws IOException {
        Path file = folder.resolve("graph.onnx");
        OnnxWriter.write(graph, file);
        Files.writeString(OptimizationProfile.beside(file), profile.toJson());
        Files.deleteIfExists(folder.resolve("trace"));
        Files.writeString(folder.resolve("refuse"), "");
        try {
            library.build(
                    new BuildRequest(
                            file,
                            OptimizationProfile.beside(file),
                            folder.resolve("plan"),
                            folder.resolve("times"),
                            BuildOptions.DEFAULTS),
                    message -> {});
            return Files.readAllLines(folder.resolve("trace")).stream()
                    .filter(line -> line.startsWith("network of"))
                    .findFirst()
                    .orElse("no network");
        } catch (TensorRtException e) {
            return "failed: " + e.getMessage();
        }
    }

    @Test
    void everyTypedGraphOfEveryFamilyIsReadAndAnUnknownOperatorIsNamed() throws Exception {
        Path libraries = folder.resolve("libraries");
        StandInLibraries.compileForParser(libraries);

        Process process = StandInLibraries.process(
                OnnxParserTest.class, libraries + ":" + System.getProperty("tensorrt.parser"), folder);
        assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();

        List<String> said = Files.readAllLines(folder.resolve("said"));
        assertThat(process.exitValue()).as(String.join("\n", said)).isZero();
        assertThat(said)
                .filteredOn(line -> line.startsWith("graph "))
                .hasSize(152)
                .allSatisfy(line -> assertThat(line).matches(".*: network of \\d+ layers, .*, 0 refused"));
        assertThat(said)
                .filteredOn(line -> line.startsWith("bad: "))
                .singleElement()
                .asString()
                .contains("failed: the graph is refused: node ", "MatMulInteger");
    }
}
