package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Element types of all values of a graph, by the rules of the ONNX operator reference.
final class ElementTypes {

    private final Map<String, DType> types = new HashMap<>();

    /// @param outer types of what a subgraph captures
    ElementTypes(GraphProto graph, Map<String, DType> outer) {
        types.putAll(outer);
        graph.getInputList().forEach(this::declare);
        graph.getInitializerList().forEach(constant -> put(constant.getName(), constant.getDataType()));
        graph.getNodeList().forEach(this::infer);
    }

    Map<String, DType> all() {
        return types;
    }

    Optional<DType> of(String name) {
        return Optional.ofNullable(types.get(name));
    }

    private void declare(ValueInfoProto value) {
        if (value.getType().hasTensorType()) {
            put(value.getName(), value.getType().getTensorType().getElemType());
        }
    }

    private void put(String name, int code) {
        known(code).ifPresent(dtype -> types.put(name, dtype));
    }

    /// Empty for a type that Quantreel has no name for, such as strings.
    static Optional<DType> known(int code) {
        try {
            return Optional.of(OnnxTypes.dtype(code));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private void infer(NodeProto node) {
        List<GraphProto> bodies = node.getAttributeList().stream()
                .filter(AttributeProto::hasG)
                .map(AttributeProto::getG)
                .toList();
        if (!bodies.isEmpty()) {
            fromBody(node, bodies.getFirst());
            return;
        }
        Optional<DType> dtype = output(node);
        for (int i = 0; i < node.getOutputCount(); i++) {
            String name = node.getOutput(i);
            Optional<DType> own = i > 0 && node.getOpType().equals("TopK") ? Optional.of(DType.I64) : dtype;
            own.ifPresent(type -> types.put(name, type));
        }
    }

    /// Outputs of a body in their order; those of loops begin with a condition.
    private void fromBody(NodeProto node, GraphProto body) {
        ElementTypes inner = new ElementTypes(body, types);
        int skipped = node.getOpType().equals("Loop") ? 1 : 0;
        for (int i = 0; i < node.getOutputCount() && i + skipped < body.getOutputCount(); i++) {
            String name = node.getOutput(i);
            ValueInfoProto output = body.getOutput(i + skipped);
            inner.of(output.getName()).ifPresent(type -> types.put(name, type));
        }
    }

    private Optional<DType> output(NodeProto node) {
        return switch (node.getOpType()) {
            // TensorRT's parser makes FP32 of a cast to DOUBLE.
            case "Cast" ->
                attribute(node, "to")
                        .flatMap(to -> known((int) to.getI()))
                        .map(type -> type == DType.F64 ? DType.F32 : type);
            case "Shape", "Size", "ArgMax", "ArgMin", "NonZero" -> Optional.of(DType.I64);
            case "Greater",
                    "GreaterOrEqual",
                    "Less",
                    "LessOrEqual",
                    "Equal",
                    "Not",
                    "And",
                    "Or",
                    "Xor",
                    "IsNaN",
                    "IsInf" -> Optional.of(DType.BOOL);
            case "MatMulInteger", "ConvInteger" -> Optional.of(DType.I32);
            case "DynamicQuantizeLinear" -> Optional.of(DType.U8);
            case "QuantizeLinear" -> quantized(node);
            case "DequantizeLinear", "Where" -> input(node, 1);
            case "Constant" ->
                attribute(node, "value")
                        .map(AttributeProto::getT)
                        .map(TensorProto::getDataType)
                        .flatMap(ElementTypes::known);
            case "ConstantOfShape" ->
                Optional.of(attribute(node, "value")
                        .map(AttributeProto::getT)
                        .map(TensorProto::getDataType)
                        .flatMap(ElementTypes::known)
                        .orElse(DType.F32));
            case "OneHot" -> input(node, 2);
            default -> input(node, 0);
        };
    }

    private Optional<DType> quantized(NodeProto node) {
        Optional<DType> zeroPoint = input(node, 2);
        return zeroPoint.or(() -> attribute(node, "output_dtype")
                .filter(own -> own.getI() != 0)
                .flatMap(own -> known((int) own.getI()))
                .or(() -> Optional.of(DType.U8)));
    }

    private Optional<DType> input(NodeProto node, int index) {
        return index < node.getInputCount() ? of(node.getInput(index)) : Optional.empty();
    }

    static Optional<AttributeProto> attribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst();
    }
}
