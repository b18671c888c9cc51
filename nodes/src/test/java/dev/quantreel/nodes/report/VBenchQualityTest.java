package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VBenchQualityTest {

    private final TestContext context;
    private final Path folder;

    VBenchQualityTest(@TempDir Path root) {
        this.context = TestContext.in(root);
        this.folder = context.folders().models("vbench");
    }

    /// A network whose features are the mean of each colour.
    @BeforeEach
    void network() throws Exception {
        Files.createDirectories(folder);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("dino");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 0), x, graph.longs(2, 3));
        graph.output("features", mean, DType.F32, Dim.of(1), Dim.of(3));
        OnnxWriter.write(graph.build(Map.of()), folder.resolve("dino_vitb16.onnx"));
    }

    /// The first frame of one colour, the second of another.
    private static Pictures clip(int first, int second) {
        byte[] bytes = new byte[2 * 16 * 16 * 3];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 3 == (i < bytes.length / 2 ? first : second) ? 250 : 5);
        }
        return new Pictures(Frames.ofBytes(2, 16, 16, bytes));
    }

    private VBenchQuality.Outputs measure(Pictures images, Optional<Pictures> reference) throws Exception {
        return new VBenchQuality().run(new VBenchQuality.Inputs(images, reference, "report/vbench"), context);
    }

    @Test
    void scoresStandBesideTheReferencesAndAbsentNetworksAreNamed() throws Exception {
        String report = measure(clip(0, 1), Optional.of(clip(0, 0))).report();

        assertThat(report)
                .containsPattern("subject consistency +0\\.0000 +1\\.0000 +-1\\.0000")
                .containsPattern("imaging quality +- +- +-")
                .contains("imaging quality: not measured, musiq_spaq.onnx is not in the folder vbench")
                .contains("clip_vit_l_14_visual.onnx and laion_aesthetic_head.onnx are not in the folder vbench");
        JsonNode json = new ObjectMapper()
                .readTree(context.folders()
                        .output()
                        .resolve("report/vbench_00001_.json")
                        .toFile());
        assertThat(json.path("scores").size()).isOne();
        assertThat(json.at("/reference/subject consistency").asDouble()).isCloseTo(1, within(1e-9));
        assertThat(json.path("absent").size()).isEqualTo(4);
    }

    @Test
    void aNetworkThatIsNoneIsNamedWithTheInput() throws Exception {
        Files.writeString(folder.resolve("musiq_spaq.onnx"), "none");

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> measure(clip(0, 1), Optional.empty()))
                .satisfies(e -> assertThat(e.port()).isEqualTo("images"))
                .withMessageContaining("musiq_spaq.onnx is no network that ONNX Runtime opens");
    }

    @Test
    void anotherNetworkIsMeasuredAnew() throws Exception {
        String before = new VBenchQuality().fingerprint(NodeInputs.EMPTY, context.folders());
        Files.copy(folder.resolve("dino_vitb16.onnx"), folder.resolve("clip_vit_b_32_visual.onnx"));

        assertThat(new VBenchQuality().fingerprint(NodeInputs.EMPTY, context.folders()))
                .isNotEqualTo(before);
    }
}
