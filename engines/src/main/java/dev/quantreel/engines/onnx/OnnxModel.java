package dev.quantreel.engines.onnx;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import dev.quantreel.engines.onnx.proto.Onnx.StringStringEntryProto;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// A finished graph whose larger weights lie outside the protobuf message. Immutable.
///
/// @param proto the model; an initializer marked EXTERNAL has no bytes of its own and is found in `weights` by name
/// @param weights larger initializers in the order they were declared, referenced, not copied
/// @param streamed names of the weights that an engine reads where they lie at every run, without folding or repacking
/// them; to a file they are written like all others
public record OnnxModel(ModelProto proto, Map<String, Tensor> weights, Set<String> streamed) {

    /// IR version that opset 21 belongs to.
    static final int IR_VERSION = 10;

    /// A model without streamed weights.
    public OnnxModel(ModelProto proto, Map<String, Tensor> weights) {
        this(proto, weights, Set.of());
    }

    static OnnxModel of(
            GraphProto graph, Map<String, Tensor> weights, Set<String> streamed, Map<String, String> metadata) {
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("quantreel")
                .setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OnnxOp.OPSET))
                .addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain("com.microsoft")
                        .setVersion(1));
        if (graph.getNodeList().stream().anyMatch(node -> node.getDomain().equals(OnnxOp.QUANTREEL))) {
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain(OnnxOp.QUANTREEL).setVersion(1));
        }
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        return new OnnxModel(
                model.build(), Collections.unmodifiableMap(new LinkedHashMap<>(weights)), Set.copyOf(streamed));
    }

    public String name() {
        return proto.getGraph().getName();
    }

    /// Bytes of the external weights as they are stored (4-bit codes count half a byte).
    public long weightBytes() {
        return weights.values().stream().mapToLong(t -> t.data().byteSize()).sum();
    }
}
