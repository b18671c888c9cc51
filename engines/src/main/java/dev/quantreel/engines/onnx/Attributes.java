package dev.quantreel.engines.onnx;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Attributes of one node, immutable: `Attributes.of("axis", -1).and("keepdims", 1)`.
public final class Attributes {

    public static final Attributes NONE = new Attributes(Map.of());

    private final Map<String, AttributeProto> protos;

    private Attributes(Map<String, AttributeProto> protos) {
        this.protos = protos;
    }

    public static Attributes of(String name, long value) {
        return NONE.and(name, value);
    }

    public static Attributes of(String name, String value) {
        return NONE.and(name, value);
    }

    public static Attributes of(String name, float value) {
        return NONE.and(name, value);
    }

    public static Attributes ints(String name, long... values) {
        return NONE.andInts(name, values);
    }

    public Attributes and(String name, long value) {
        return with(AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value));
    }

    public Attributes and(String name, float value) {
        return with(AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value));
    }

    public Attributes and(String name, String value) {
        return with(AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value)));
    }

    public Attributes andInts(String name, long... values) {
        return with(AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INTS)
                .addAllInts(Arrays.stream(values).boxed().collect(Collectors.toList())));
    }

    /// A finished branch of an `If`, or body of a `Scan`.
    public Attributes and(String name, OnnxGraphBuilder branch) {
        return with(AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(branch.branch()));
    }

    Set<String> names() {
        return protos.keySet();
    }

    Collection<AttributeProto> protos() {
        return protos.values();
    }

    private Attributes with(AttributeProto.Builder attribute) {
        Map<String, AttributeProto> next = new LinkedHashMap<>(protos);
        next.put(attribute.getName(), attribute.build());
        return new Attributes(Collections.unmodifiableMap(next));
    }
}
