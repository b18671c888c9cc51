package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import org.junit.jupiter.api.Test;

/// Products read off the engine inspector's JSON.
class InspectedLayersTest {

    private static NodeProto node(String type, String name, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setOpType(type)
                .setName(name)
                .addOutput(output)
                .addAllInput(java.util.List.of(inputs))
                .build();
    }

    /// Three products of dequantized operands, one of 4-bit weights and plain activations.
    private static final GraphProto GRAPH = GraphProto.newBuilder()
            .addNode(node("QuantizeLinear", "q", "codes", "x"))
            .addNode(node("DequantizeLinear", "dx", "x8", "codes"))
            .addNode(node("DequantizeLinear", "dw", "w8", "w"))
            .addNode(node("MatMul", "/a/MatMul", "a", "x8", "w8"))
            .addNode(node("MatMul", "/b/MatMul", "b", "x8", "w8"))
            .addNode(node("MatMul", "/b/MatMul_1", "c", "x8", "w8"))
            .addNode(node("MatMul", "/plain", "d", "x", "w8"))
            .build();

    private static String layer(String nodes, String type) {
        return "{\"Name\": \"n\", \"Metadata\": \"" + nodes
                + "\", \"Inputs\": [{\"Name\": \"t\", \"Dimensions\": [2, 3]," + " \"Format/Datatype\": \"" + type
                + "\"}]}";
    }

    private static InspectedLayers layers(String... layers) {
        return InspectedLayers.of(GRAPH, "{\"Layers\": [" + String.join(",", layers) + "], \"Bindings\": [\"x\"]}");
    }

    @Test
    void productsOfTwoDequantizedOperandsAreCounted() {
        assertThat(InspectedLayers.products(GRAPH)).containsExactly("/a/MatMul", "/b/MatMul", "/b/MatMul_1");
    }

    @Test
    void kernelsThatReadCodesRunInEightBits() {
        InspectedLayers all = layers(
                layer("[ONNX Layer: /a/MatMul]\\u001e[ONNX Layer: /b/MatMul]", "Int8"),
                layer("[ONNX Layer: /b/MatMul_1]", "Row major Int8 format"));
        assertThat(all).isEqualTo(new InspectedLayers(3, 3, 3));
        assertThat(all.fellBack()).isFalse();
        assertThat(all.text()).isEqualTo("3 of 3 products in 8 bits");
        assertThat(layers(layer("[ONNX Layer: /a/MatMul]", "FP8")).inEightBits())
                .isEqualTo(1);
    }

    @Test
    void productsBehindAKernelThatWidensAreToldWithAWarning() {
        InspectedLayers some = layers(
                layer("[ONNX Layer: dx]", "Int8"),
                layer("[ONNX Layer: /a/MatMul]", "BFloat16"),
                layer("[ONNX Layer: /b/MatMul]", "Int8"));
        assertThat(some).isEqualTo(new InspectedLayers(3, 2, 1));
        assertThat(some.fellBack()).isTrue();
        assertThat(some.text())
                .contains("1 of 2 products in 8 bits (1 more not told); WARNING")
                .contains("16 bits");
    }

    @Test
    void namesAloneTellNothingAndAreNoWarning() {
        InspectedLayers names = InspectedLayers.of(GRAPH, "{\"Layers\": [\"/a/MatMul\", \"__myl_0\"]}");
        assertThat(names).isEqualTo(new InspectedLayers(3, 0, 0));
        assertThat(names.fellBack()).isFalse();
        assertThat(names.text()).contains("does not tell");
        assertThat(InspectedLayers.of(GraphProto.getDefaultInstance(), "{\"Layers\": []}")
                        .text())
                .isEmpty();
    }

    @Test
    void anAnswerThatIsNoJsonIsRefused() {
        assertThatExceptionOfType(TensorRtException.class)
                .isThrownBy(() -> InspectedLayers.of(GRAPH, "{\"Layers\": ["))
                .withMessageContaining("no JSON");
        assertThatExceptionOfType(TensorRtException.class)
                .isThrownBy(() -> InspectedLayers.of(GRAPH, "{}"))
                .withMessageContaining("lists no layers");
    }
}
