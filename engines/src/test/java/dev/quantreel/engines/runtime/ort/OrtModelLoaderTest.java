package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OrtModelLoaderTest {

    @Test
    void theRouteThroughATemporaryFileGivesTheSameResultAndLeavesNoFile() throws IOException {
        OnnxModel model = model();
        Map<String, Tensor> inputs = Map.of("x", Tensor.of(Shape.of(1), 3f));
        long before = temporaryFolders();
        try (Session inMemory = new OrtModelLoader(new CpuTarget(OrtEngineProvider.environment()), 1, Engine.Use.STEADY)
                        .open(model);
                Session throughFile = new OrtModelLoader(
                                new CpuTarget(OrtEngineProvider.environment()), 1, Engine.Use.OCCASIONAL, 0)
                        .open(model)) {
            float[] expected = inMemory.run(inputs, "y", CancellationToken.NONE).toFloatArray();

            assertThat(throughFile.run(inputs, "y", CancellationToken.NONE).toFloatArray())
                    .isEqualTo(expected);
            assertThat(expected[1]).isEqualTo(3f + 1f * 2f);
            assertThat(temporaryFolders()).isEqualTo(before);
        }
    }

    private static long temporaryFolders() throws IOException {
        try (Stream<Path> entries = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return entries.filter(path -> path.getFileName().toString().startsWith("quantreel-ort"))
                    .count();
        }
    }

    private static OnnxModel model() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("nibbles");
        Tensor codes = Tensor.zeros(DType.U4, Shape.of(64, 64));
        codes.data().fill((byte) 0x10);
        Tensor factors = Tensor.zeros(DType.F32, Shape.of(64, 64));
        for (long i = 0; i < factors.elements(); i++) {
            factors.data().set(Tensor.FLOAT, 4 * i, 2f);
        }
        Value wide = graph.op(OnnxOp.Cast, Attributes.of("to", 1), graph.initializer("codes", codes));
        Value scaled = graph.op(OnnxOp.Mul, wide, graph.initializer("factors", factors));
        Value x = graph.input("x", DType.F32, Dim.of(1));
        graph.output("y", graph.op(OnnxOp.Add, scaled, x), DType.F32, Dim.of(64), Dim.of(64));
        return graph.build(Map.of());
    }
}
