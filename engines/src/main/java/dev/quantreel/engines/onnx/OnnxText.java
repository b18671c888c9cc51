package dev.quantreel.engines.onnx;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// A model as text that people can read and compare: one line per input, weight, node and output. Values of small
/// integer constants are shown, those of weights are not.
public final class OnnxText {

    private static final int SHOWN_VALUES = 8;

    private final StringBuilder text = new StringBuilder();

    private OnnxText() {}

    public static String of(OnnxModel model) {
        OnnxText writer = new OnnxText();
        writer.text.append("model ").append(model.name()).append('\n');
        writer.graph(model.proto().getGraph(), "");
        return writer.text.toString();
    }

    private void graph(GraphProto graph, String indent) {
        graph.getInputList().forEach(input -> line(indent, "input " + declaration(input)));
        graph.getInitializerList().forEach(weight -> line(indent, "weight " + weight(weight)));
        graph.getNodeList().forEach(node -> node(node, indent));
        graph.getOutputList().forEach(output -> line(indent, "output " + declaration(output)));
    }

    private void node(NodeProto node, String indent) {
        String operator = node.getDomain().isEmpty() ? node.getOpType() : node.getDomain() + "." + node.getOpType();
        String inputs = node.getInputList().stream()
                .map(name -> name.isEmpty() ? "-" : name)
                .collect(Collectors.joining(", "));
        String attributes = node.getAttributeList().stream()
                .filter(attribute -> !attribute.hasG())
                .map(attribute -> " " + attribute.getName() + "=" + value(attribute))
                .collect(Collectors.joining());
        line(indent, String.join(", ", node.getOutputList()) + " = " + operator + "(" + inputs + ")" + attributes);
        for (AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                line(indent + "  ", attribute.getName() + ":");
                graph(attribute.getG(), indent + "    ");
            }
        }
    }

    private static String value(AttributeProto attribute) {
        return switch (attribute.getType()) {
            case FLOAT -> Float.toString(attribute.getF());
            case INT -> Long.toString(attribute.getI());
            case STRING -> attribute.getS().toStringUtf8();
            case FLOATS -> attribute.getFloatsList().toString();
            case INTS -> attribute.getIntsList().toString();
            default -> attribute.getType().toString();
        };
    }

    private static String declaration(ValueInfoProto value) {
        return value.getName() + " "
                + OnnxTypes.dtype(value.getType().getTensorType().getElemType())
                + value.getType().getTensorType().getShape().getDimList().stream()
                        .map(dim -> dim.hasDimParam() ? dim.getDimParam() : Long.toString(dim.getDimValue()))
                        .collect(Collectors.joining(", ", "[", "]"));
    }

    private static String weight(TensorProto weight) {
        DType dtype = OnnxTypes.dtype(weight.getDataType());
        List<Long> dims = weight.getDimsList();
        String header = weight.getName() + " " + dtype
                + dims.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
        Shape shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
        boolean shown = weight.getRawData().size() > 0
                && shape.elements() <= SHOWN_VALUES
                && (shape.rank() == 0 || dtype == DType.I64);
        if (!shown) {
            return header;
        }
        Tensor tensor = new Tensor(
                dtype, shape, MemorySegment.ofArray(weight.getRawData().toByteArray()));
        return header + " = " + Arrays.toString(Conversions.toFloatArray(tensor));
    }

    private void line(String indent, String line) {
        text.append(indent).append(line).append('\n');
    }
}
