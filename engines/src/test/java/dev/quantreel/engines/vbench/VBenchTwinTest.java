package dev.quantreel.engines.vbench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.metrics.TemporalMetrics;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// VBench's own code on small networks (`tools/reference/vbench_scores.py`) beside ours on the same networks as ONNX.
class VBenchTwinTest {

    private static final int CLIPS = 3;

    private final SafetensorsFile golden = GoldenResource.open("vbench_scores.safetensors");
    private final Path folder;
    private final Map<String, Path> files = new HashMap<>();

    VBenchTwinTest(@TempDir Path folder) throws IOException {
        this.folder = folder;
        features("dino", "dino_vitb16.onnx", 16);
        features("clip", "clip_vit_b_32_visual.onnx", 32);
        features("large", "clip_vit_l_14_visual.onnx", 14);
        features("musiq", "musiq_spaq.onnx", 8);
        head();
        halfway();
    }

    @AfterEach
    void close() {
        golden.close();
    }

    private Value weight(OnnxGraphBuilder graph, String name) {
        Tensor tensor = golden.tensor("w." + name);
        return graph.constant(Tensor.of(tensor.shape(), tensor.toFloatArray()));
    }

    private static Value picture(OnnxGraphBuilder graph, String name) {
        return graph.input(name, DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
    }

    private void features(String name, String file, int kernel) throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name);
        Value conv = graph.op(
                OnnxOp.Conv,
                Attributes.ints("strides", kernel / 2, kernel / 2).andInts("kernel_shape", kernel, kernel),
                picture(graph, "x"),
                weight(graph, name + ".conv.weight"),
                weight(graph, name + ".conv.bias"));
        Value mean = graph.op(
                OnnxOp.ReduceMean, Attributes.of("keepdims", 0), graph.op(OnnxOp.Relu, conv), graph.longs(2, 3));
        Value y = name.equals("musiq") ? linear(graph, mean, "musiq.linear") : mean;
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("features"));
        write(file, graph);
    }

    private Value linear(OnnxGraphBuilder graph, Value x, String name) {
        return graph.op(
                OnnxOp.Gemm,
                Attributes.of("transB", 1),
                x,
                weight(graph, name + ".weight"),
                weight(graph, name + ".bias"));
    }

    private void head() throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("head");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(6));
        graph.output("y", linear(graph, x, "head"), DType.F32, Dim.of(1), Dim.of(1));
        write("laion_aesthetic_head.onnx", graph);
    }

    private void halfway() throws IOException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("amt");
        Value before = picture(graph, "img0");
        Value after = picture(graph, "img1");
        Value conv = graph.op(
                OnnxOp.Conv,
                Attributes.ints("pads", 1, 1, 1, 1),
                graph.op(OnnxOp.Concat, Attributes.of("axis", 1), before, after),
                weight(graph, "amt.conv.weight"),
                weight(graph, "amt.conv.bias"));
        Value middle = graph.op(OnnxOp.Mul, graph.op(OnnxOp.Add, before, after), graph.constant(0.5f));
        Value halfway =
                graph.op(OnnxOp.Clip, graph.op(OnnxOp.Add, middle, conv), graph.constant(0f), graph.constant(1f));
        graph.output("imgt_pred", halfway, DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        write("amt_s.onnx", graph);
    }

    private void write(String name, OnnxGraphBuilder graph) throws IOException {
        Path file = folder.resolve(name);
        OnnxWriter.write(graph.build(Map.of()), file);
        files.put(name, file);
    }

    @Test
    void everyScoreIsThatOfVBenchsOwnCode() throws IOException {
        for (VBenchDimension dimension : VBenchDimension.values()) {
            double worst = 0;
            for (int i = 0; i < CLIPS; i++) {
                double score = VBenchScores.of(clip(i), files, CancellationToken.NONE)
                        .scores()
                        .getOrDefault(dimension, Double.NaN);
                worst = Math.max(
                        worst, Math.abs(score - expected(i, dimension.name().toLowerCase(Locale.ROOT))));
            }
            System.out.println(dimension.label() + ": differs by up to " + worst);
            assertThat(worst).as(dimension.label()).isLessThan(1e-5);
        }
    }

    @Test
    void flickerIsThatOfVBenchsOwnCode() {
        for (int i = 0; i < CLIPS; i++) {
            assertThat(TemporalMetrics.flickerScore(clip(i)))
                    .isCloseTo(expected(i, "temporal_flickering"), within(1e-6));
        }
    }

    private Frames clip(int index) {
        Tensor clip = golden.tensor("clip" + index);
        return Frames.ofBytes(
                (int) clip.shape().dim(0),
                (int) clip.shape().dim(1),
                (int) clip.shape().dim(2),
                clip.data().toArray(ValueLayout.JAVA_BYTE));
    }

    private double expected(int index, String name) {
        return golden.tensor("expected" + index + "." + name).data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0);
    }
}
