package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.List;
import java.util.Optional;

/// One node with the values of its inputs and typed access to its attributes.
///
/// @param inputs empty where an optional input is left out
record NodeCall(NodeProto node, List<Optional<NdArray>> inputs) {

    boolean has(int index) {
        return index < inputs.size() && inputs.get(index).isPresent();
    }

    NdArray in(int index) {
        if (!has(index)) {
            throw new IllegalArgumentException("input " + index + " is missing");
        }
        return inputs.get(index).orElseThrow();
    }

    int integer(String name, int otherwise) {
        return attribute(name).map(a -> Math.toIntExact(a.getI())).orElse(otherwise);
    }

    long longInteger(String name, long otherwise) {
        return attribute(name).map(AttributeProto::getI).orElse(otherwise);
    }

    float real(String name, float otherwise) {
        return attribute(name).map(AttributeProto::getF).orElse(otherwise);
    }

    String text(String name, String otherwise) {
        return attribute(name).map(a -> a.getS().toStringUtf8()).orElse(otherwise);
    }

    int[] integers(String name, int... otherwise) {
        return attribute(name)
                .map(a -> a.getIntsList().stream().mapToInt(Math::toIntExact).toArray())
                .orElse(otherwise);
    }

    GraphProto graph(String name) {
        return attribute(name)
                .orElseThrow(() -> new IllegalArgumentException("attribute " + name + " is missing"))
                .getG();
    }

    private Optional<AttributeProto> attribute(String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .findFirst();
    }
}
