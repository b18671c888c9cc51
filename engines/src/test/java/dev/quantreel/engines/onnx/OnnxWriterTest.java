package dev.quantreel.engines.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto.DataLocation;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxWriterTest {

    private final Path folder;

    OnnxWriterTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void weightsAreEmbeddedWhenTheyFit() throws IOException {
        OnnxModel model = model();
        Path file = folder.resolve("model.onnx");
        OnnxWriter.write(model, file);

        ModelProto read = ModelProto.parseFrom(Files.readAllBytes(file));
        for (TensorProto weight : read.getGraph().getInitializerList()) {
            assertThat(weight.getDataLocation()).isEqualTo(DataLocation.DEFAULT);
            assertThat(weight.getRawData().toByteArray()).isEqualTo(bytes(model, weight.getName()));
        }
        assertThat(names()).containsExactly("model.onnx");
    }

    @Test
    void largerModelsKeepTheirWeightsInAlignedPlacesOfOneFile() throws IOException {
        OnnxModel model = model();
        Path file = folder.resolve("model.onnx");
        OnnxWriter.write(model, file, 100);

        ModelProto read = ModelProto.parseFrom(Files.readAllBytes(file));
        byte[] data = Files.readAllBytes(folder.resolve("model.onnx.data"));
        int external = 0;
        for (TensorProto weight : read.getGraph().getInitializerList()) {
            if (weight.getDataLocation() == DataLocation.EXTERNAL) {
                Map<String, String> place = new HashMap<>();
                weight.getExternalDataList().forEach(entry -> place.put(entry.getKey(), entry.getValue()));
                int offset = Integer.parseInt(place.getOrDefault("offset", "-1"));
                int length = Integer.parseInt(place.getOrDefault("length", "-1"));

                assertThat(place).containsEntry("location", "model.onnx.data");
                assertThat(offset % OnnxWriter.ALIGNMENT_BYTES).isZero();
                assertThat(Arrays.copyOfRange(data, offset, offset + length)).isEqualTo(bytes(model, weight.getName()));
                external++;
            }
        }
        assertThat(external).isEqualTo(2);
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        for (long limit : new long[] {100, Long.MAX_VALUE}) {
            Path first = Files.createDirectories(folder.resolve("first" + limit));
            Path second = Files.createDirectories(folder.resolve("second" + limit));
            OnnxWriter.write(model(), first.resolve("model.onnx"), limit);
            OnnxWriter.write(model(), second.resolve("model.onnx"), limit);

            assertThat(second.resolve("model.onnx")).hasSameBinaryContentAs(first.resolve("model.onnx"));
            if (limit == 100) {
                assertThat(second.resolve("model.onnx.data")).hasSameBinaryContentAs(first.resolve("model.onnx.data"));
            }
        }
    }

    @Test
    void aFailedWriteLeavesWhatWasThereAndNothingElse() throws IOException {
        Path file = folder.resolve("model.onnx");
        Files.writeString(file, "before");
        Files.createDirectories(folder.resolve("model.onnx.data").resolve("in the way"));

        assertThatIOException().isThrownBy(() -> OnnxWriter.write(model(), file, 100));

        assertThat(file).hasContent("before");
        assertThat(names()).containsExactly("model.onnx", "model.onnx.data");
    }

    @Test
    void aGraphThatReadsAnUndefinedValueIsNotWritten() {
        OnnxModel model = model();
        ModelProto.Builder broken = model.proto().toBuilder();
        broken.getGraphBuilder().getNodeBuilder(0).setInput(0, "nowhere");

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() ->
                        OnnxWriter.write(new OnnxModel(broken.build(), model.weights()), folder.resolve("x.onnx")))
                .withMessageContainingAll("written", "nowhere");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> OnnxWriter.write(new OnnxModel(model.proto(), Map.of()), folder.resolve("x.onnx")))
                .withMessageContainingAll("weight codes has no data");
        assertThat(folder).isEmptyDirectory();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(path -> String.valueOf(path.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    private static byte[] bytes(OnnxModel model, String name) {
        Tensor weight = model.weights().get(name);
        if (weight != null) {
            return weight.data().toArray(ValueLayout.JAVA_BYTE);
        }
        return model.proto().getGraph().getInitializerList().stream()
                .filter(tensor -> tensor.getName().equals(name))
                .findFirst()
                .orElseThrow()
                .getRawData()
                .toByteArray();
    }

    /// Packed codes, scales and a small constant.
    private static OnnxModel model() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("written");
        Tensor codes = Tensor.zeros(DType.U4, Shape.of(63, 101));
        Tensor scales = Tensor.zeros(DType.F32, Shape.of(63, 101));
        for (long i = 0; i < codes.data().byteSize(); i++) {
            codes.data().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
        }
        for (long i = 0; i < scales.elements(); i++) {
            scales.data().set(Tensor.FLOAT, 4 * i, i * 0.5f);
        }
        Value wide = graph.op(OnnxOp.Cast, Attributes.of("to", 1), graph.initializer("codes", codes));
        Value scaled = graph.op(OnnxOp.Mul, wide, graph.initializer("scales", scales));
        Value x = graph.input("x", DType.F32, Dim.of(1));
        graph.output(
                "y",
                graph.op(OnnxOp.Add, scaled, graph.op(OnnxOp.Add, x, graph.constant(2f))),
                DType.F32,
                Dim.of(63),
                Dim.of(101));
        return graph.build(Map.of("source", "test"));
    }
}
