package dev.quantreel.engines.vbench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tiny networks whose features are known: the mean of each colour after the preparation.
class VBenchScoresTest {

    private final Path folder;
    private final Map<String, Path> files = new HashMap<>();

    VBenchScoresTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /// `[1, 3, h, w]` to the mean of each channel, `[1, 3]`.
    private void means(String name) throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name);
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 0), x, graph.longs(2, 3));
        graph.output("features", mean, DType.F32, Dim.of(1), Dim.of(3));
        write(name, graph);
    }

    /// `[1, 3]` times weights, `[1, 1]`.
    private void head(String name, float... weights) throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name);
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(3));
        Value score = graph.op(OnnxOp.MatMul, x, graph.constant(Tensor.of(Shape.of(3, 1), weights)));
        graph.output("score", score, DType.F32, Dim.of(1), Dim.of(1));
        write(name, graph);
    }

    /// Of two frames the first.
    private void firstFrame(String name) throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name);
        Value first = graph.input("img0", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value second = graph.input("img1", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value sum = graph.op(OnnxOp.Add, first, graph.op(OnnxOp.Mul, second, graph.constant(0f)));
        graph.output("imgt_pred", sum, DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        write(name, graph);
    }

    private void write(String name, OnnxGraphBuilder graph) throws IOException {
        Path file = folder.resolve(name);
        OnnxWriter.write(graph.build(Map.of()), file);
        files.put(name, file);
    }

    /// Frames of one colour each.
    private static Frames colours(int height, int width, int[]... rgb) {
        byte[] bytes = new byte[rgb.length * height * width * 3];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) rgb[i / (height * width * 3)][i % 3];
        }
        return Frames.ofBytes(rgb.length, height, width, bytes);
    }

    private VBenchScores scores(Frames frames) throws IOException {
        return VBenchScores.of(frames, files, CancellationToken.NONE);
    }

    private static double[] normalised(int[] rgb, double[] mean, double[] deviation) {
        double[] features = new double[3];
        for (int i = 0; i < 3; i++) {
            features[i] = (rgb[i] / 255.0 - mean[i]) / deviation[i];
        }
        return features;
    }

    private static double cosine(double[] a, double[] b) {
        double ab = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        double aa = a[0] * a[0] + a[1] * a[1] + a[2] * a[2];
        double bb = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
        return Math.max(0, ab / Math.sqrt(aa * bb));
    }

    @Test
    void everyDimensionIsWhatItsNetworksFeaturesMakeIt() throws IOException {
        means("dino_vitb16.onnx");
        means("clip_vit_b_32_visual.onnx");
        means("clip_vit_l_14_visual.onnx");
        head("laion_aesthetic_head.onnx", 1, 2, 3);
        OnnxGraphBuilder musiq = OnnxGraphBuilder.create("musiq");
        Value x = musiq.input("x", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value mean = musiq.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 0), x, musiq.longs(1, 2, 3));
        musiq.output("score", musiq.op(OnnxOp.Mul, mean, musiq.constant(80)), DType.F32, Dim.of(1));
        write("musiq_spaq.onnx", musiq);
        firstFrame("amt_s.onnx");
        int[][] rgb = {{200, 40, 90}, {190, 60, 100}, {20, 220, 130}};

        VBenchScores scores = scores(colours(30, 52, rgb));

        assertThat(scores.absent()).isEmpty();
        double[][] dino = new double[3][];
        double[][] clip = new double[3][];
        double aesthetic = 0;
        double imaging = 0;
        for (int i = 0; i < 3; i++) {
            dino[i] = normalised(rgb[i], new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});
            clip[i] = normalised(rgb[i], new double[] {0.48145466, 0.4578275, 0.40821073}, new double[] {
                0.26862954, 0.26130258, 0.27577711
            });
            double norm = Math.sqrt(clip[i][0] * clip[i][0] + clip[i][1] * clip[i][1] + clip[i][2] * clip[i][2]);
            aesthetic += (clip[i][0] + 2 * clip[i][1] + 3 * clip[i][2]) / norm / 3;
            imaging += 80 * (rgb[i][0] + rgb[i][1] + rgb[i][2]) / 765.0 / 3;
        }
        assertThat(scores.scores().get(VBenchDimension.SUBJECT_CONSISTENCY)).isCloseTo(consistency(dino), within(1e-5));
        assertThat(scores.scores().get(VBenchDimension.BACKGROUND_CONSISTENCY))
                .isCloseTo(consistency(clip), within(1e-5))
                .isNotCloseTo(consistency(dino), within(1e-4));
        assertThat(scores.scores().get(VBenchDimension.AESTHETIC_QUALITY)).isCloseTo(aesthetic / 10, within(1e-5));
        assertThat(scores.scores().get(VBenchDimension.IMAGING_QUALITY)).isCloseTo(imaging / 100, within(1e-5));
        assertThat(scores.scores().get(VBenchDimension.MOTION_SMOOTHNESS))
                .as("the frame between beside the first: 10, 20 and 10 bytes off")
                .isCloseTo(1 - 40 / 3.0 / 255, within(1e-9));
    }

    private static double consistency(double[][] f) {
        return ((cosine(f[1], f[0]) + cosine(f[1], f[0])) / 2 + (cosine(f[2], f[1]) + cosine(f[2], f[0])) / 2) / 2;
    }

    @Test
    void whatHasNoNetworkIsNamedByItsFilesAndHasNoScore() throws IOException {
        means("clip_vit_l_14_visual.onnx");
        means("dino_vitb16.onnx");

        VBenchScores scores = scores(colours(16, 16, new int[] {1, 2, 3}));

        assertThat(scores.scores()).containsOnlyKeys(VBenchDimension.SUBJECT_CONSISTENCY);
        assertThat(scores.scores().get(VBenchDimension.SUBJECT_CONSISTENCY)).isOne();
        assertThat(scores.absent())
                .containsExactly(
                        Map.entry(VBenchDimension.BACKGROUND_CONSISTENCY, List.of("clip_vit_b_32_visual.onnx")),
                        Map.entry(VBenchDimension.AESTHETIC_QUALITY, List.of("laion_aesthetic_head.onnx")),
                        Map.entry(VBenchDimension.IMAGING_QUALITY, List.of("musiq_spaq.onnx")),
                        Map.entry(VBenchDimension.MOTION_SMOOTHNESS, List.of()));
    }

    @Test
    void aNetworkThatGivesNoFrameIsNamedWithTheSizeThatWasWanted() throws IOException {
        means("amt_s.onnx");
        Frames frames = colours(16, 20, new int[] {1, 2, 3}, new int[] {1, 2, 3}, new int[] {1, 2, 3});
        assertThatIOException()
                .isThrownBy(() -> scores(frames))
                .withMessageContaining("amt_s.onnx does not take 2 x F32");
    }

    @Test
    void filesThatAreNoNetworksOrTakeOtherInputsAreNamed() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.onnx"), "no network");
        files.put("dino_vitb16.onnx", broken);
        Frames frames = colours(16, 16, new int[] {1, 2, 3});
        assertThatIOException()
                .isThrownBy(() -> scores(frames))
                .withMessageContaining("broken.onnx is no network that ONNX Runtime opens");

        files.clear();
        head("dino_vitb16.onnx", 1, 2, 3);
        assertThatIOException()
                .isThrownBy(() -> scores(frames))
                .withMessageContaining("dino_vitb16.onnx does not take F32(1, 3, 224, 224)");
    }

    @Test
    void itSharesOnnxRuntimeWithTheEnginesWhicheverIsFirst() throws IOException {
        means("dino_vitb16.onnx");
        try (var engine = new OrtEngineProvider().create(new EngineOptions(1))) {
            assertThat(engine.id()).isNotEmpty();
            assertThat(scores(colours(16, 16, new int[] {1, 2, 3})).scores()).hasSize(1);
        }
    }
}
