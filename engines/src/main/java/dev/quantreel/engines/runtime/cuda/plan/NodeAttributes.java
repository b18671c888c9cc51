package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.Optional;

/// Typed access to the attributes of a node.
public record NodeAttributes(NodeProto node) {

    public int integer(String name, int otherwise) {
        return find(name).map(a -> Math.toIntExact(a.getI())).orElse(otherwise);
    }

    public long longInteger(String name, long otherwise) {
        return find(name).map(AttributeProto::getI).orElse(otherwise);
    }

    public float real(String name, float otherwise) {
        return find(name).map(AttributeProto::getF).orElse(otherwise);
    }

    public String text(String name, String otherwise) {
        return find(name).map(a -> a.getS().toStringUtf8()).orElse(otherwise);
    }

    public int[] integers(String name, int... otherwise) {
        return find(name)
                .map(a -> a.getIntsList().stream().mapToInt(Math::toIntExact).toArray())
                .orElse(otherwise);
    }

    Optional<GraphProto> graph(String name) {
        return find(name).filter(AttributeProto::hasG).map(AttributeProto::getG);
    }

    private Optional<AttributeProto> find(String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst();
    }
}
