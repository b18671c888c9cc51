package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// One graph with what rules ask about it: types, constants, and who reads what. A subgraph knows what it
/// captures.
final class LintGraph {

    private final GraphProto proto;
    private final ElementTypes types;
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final Set<String> fixed = new HashSet<>();
    private final Map<String, NodeProto> makers = new HashMap<>();
    private final Map<String, List<NodeProto>> readers;
    private final Map<String, Tensor> weights;

    /// @param weights of initializers that lie outside of the message
    static LintGraph of(GraphProto proto, Map<String, Tensor> weights) {
        return new LintGraph(proto, new ElementTypes(proto, Map.of()), Map.of(), Set.of(), weights);
    }

    private LintGraph(
            GraphProto proto,
            ElementTypes types,
            Map<String, TensorProto> outerConstants,
            Set<String> outerFixed,
            Map<String, Tensor> weights) {
        this.proto = proto;
        this.types = types;
        this.weights = weights;
        constants.putAll(outerConstants);
        fixed.addAll(outerFixed);
        for (TensorProto constant : proto.getInitializerList()) {
            constants.put(constant.getName(), constant);
            fixed.add(constant.getName());
        }
        for (NodeProto node : proto.getNodeList()) {
            node.getOutputList().forEach(name -> makers.put(name, node));
            if (node.getOpType().equals("Constant")) {
                ElementTypes.attribute(node, "value")
                        .map(AttributeProto::getT)
                        .ifPresent(value -> constants.put(node.getOutput(0), value));
                fixed.addAll(node.getOutputList());
            } else if (node.getInputCount() > 0 && isFixed(node)) {
                fixed.addAll(node.getOutputList());
            }
        }
        this.readers = proto.getNodeList().stream()
                .flatMap(node -> node.getInputList().stream().map(name -> Map.entry(name, node)))
                .collect(Collectors.groupingBy(
                        Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
    }

    private boolean isFixed(NodeProto node) {
        boolean plain = node.getAttributeList().stream().noneMatch(AttributeProto::hasG);
        return plain && node.getInputList().stream().allMatch(name -> name.isEmpty() || fixed.contains(name));
    }

    /// The branch of an `If`, or the body of a loop.
    LintGraph inner(GraphProto body) {
        return new LintGraph(body, new ElementTypes(body, types.all()), constants, fixed, weights);
    }

    GraphProto proto() {
        return proto;
    }

    Optional<DType> type(String name) {
        return types.of(name);
    }

    /// Whether a value is known when an engine is built: a constant, or computed from constants alone.
    boolean isConstant(String name) {
        return fixed.contains(name);
    }

    /// Shape of a constant; empty for what is computed.
    Optional<Shape> shape(String name) {
        return Optional.ofNullable(constants.get(name))
                .map(constant -> Shape.of(constant.getDimsList().stream()
                        .mapToLong(Long::longValue)
                        .toArray()));
    }

    /// Values of a constant; empty for what is computed, and for a file whose data is not at hand.
    Optional<float[]> values(String name) {
        TensorProto constant = constants.get(name);
        if (constant == null) {
            return Optional.empty();
        }
        Tensor weight = weights.get(name);
        if (weight != null) {
            return Optional.of(Conversions.toFloatArray(weight));
        }
        return inline(constant);
    }

    private static Optional<float[]> inline(TensorProto constant) {
        if (constant.getFloatDataCount() > 0) {
            float[] values = new float[constant.getFloatDataCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = constant.getFloatData(i);
            }
            return Optional.of(values);
        }
        if (constant.getInt64DataCount() + constant.getInt32DataCount() > 0) {
            List<? extends Number> numbers =
                    constant.getInt64DataCount() > 0 ? constant.getInt64DataList() : constant.getInt32DataList();
            float[] values = new float[numbers.size()];
            DType dtype = OnnxTypes.dtype(constant.getDataType());
            for (int i = 0; i < values.length; i++) {
                values[i] = number(dtype, numbers.get(i));
            }
            return Optional.of(values);
        }
        if (constant.getRawData().isEmpty()) {
            return Optional.empty();
        }
        DType dtype = OnnxTypes.dtype(constant.getDataType());
        Shape shape = Shape.of(
                constant.getDimsList().stream().mapToLong(Long::longValue).toArray());
        MemorySegment bytes = MemorySegment.ofArray(constant.getRawData().toByteArray());
        return Optional.of(Conversions.toFloatArray(new Tensor(dtype, shape, bytes)));
    }

    /// 16-bit floats lie in integers as their bits.
    private static float number(DType dtype, Number number) {
        return switch (dtype) {
            case F16 -> Float.float16ToFloat(number.shortValue());
            case BF16 -> Float.intBitsToFloat(number.intValue() << 16);
            default -> number.floatValue();
        };
    }

    /// The node that makes a value; empty for inputs and constants.
    Optional<NodeProto> maker(String name) {
        return Optional.ofNullable(makers.get(name));
    }

    List<NodeProto> readers(String name) {
        return readers.getOrDefault(name, List.of());
    }
}
