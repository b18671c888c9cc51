package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Inputs whose elements are read as extents: shape tensors of TensorRT, which have at most one axis and 64 elements
/// (guide, "Shape Tensor I/O": `Dims::MAX_DIMS` and 64 elements of a shape tensor).
final class ShapeInputRules {

    private static final long MOST_ELEMENTS = 64;

    /// Operands that are extents, offsets or repeats, by operator.
    private static final Map<String, Set<Integer>> EXTENTS = Map.of(
            "Reshape", Set.of(1),
            "Expand", Set.of(1),
            "Tile", Set.of(1),
            "ConstantOfShape", Set.of(0),
            "Slice", Set.of(1, 2, 4),
            "Range", Set.of(0, 1, 2),
            "Resize", Set.of(3),
            "Pad", Set.of(1));

    /// Through which extents are computed out of others.
    private static final Set<String> ARITHMETIC = Set.of(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Cast",
            "Concat",
            "Gather",
            "Slice",
            "Squeeze",
            "Unsqueeze",
            "Identity",
            "ReduceProd",
            "Max",
            "Min");

    private ShapeInputRules() {}

    static void check(LintGraph graph, Findings findings) {
        GraphProto proto = graph.proto();
        for (ValueInfoProto input : proto.getInputList()) {
            boolean isInteger = graph.type(input.getName())
                    .filter(type -> type == DType.I64 || type == DType.I32)
                    .isPresent();
            if (isInteger && !graph.isConstant(input.getName()) && feedsExtents(graph, input.getName())) {
                check(input, findings);
            }
        }
    }

    private static void check(ValueInfoProto input, Findings findings) {
        TensorShapeProto shape = input.getType().getTensorType().getShape();
        String place = "input " + input.getName();
        if (shape.getDimCount() > 1) {
            findings.refuse(place, "extents that are read out of " + shape.getDimCount() + " axes", "at most one axis");
        } else if (shape.getDimCount() == 1 && shape.getDim(0).getDimValue() > MOST_ELEMENTS) {
            findings.refuse(
                    place,
                    "extents that are read out of " + shape.getDim(0).getDimValue() + " elements",
                    "at most " + MOST_ELEMENTS);
        }
    }

    private static boolean feedsExtents(LintGraph graph, String input) {
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(Set.of(input));
        while (!open.isEmpty()) {
            String name = open.pop();
            if (!seen.add(name)) {
                continue;
            }
            for (NodeProto reader : graph.readers(name)) {
                if (isExtent(reader, name)) {
                    return true;
                }
                if (ARITHMETIC.contains(reader.getOpType())
                        && reader.getInput(0).equals(name)) {
                    open.addAll(reader.getOutputList());
                }
            }
        }
        return false;
    }

    private static boolean isExtent(NodeProto reader, String name) {
        return EXTENTS.getOrDefault(reader.getOpType(), Set.of()).stream()
                .anyMatch(index ->
                        index < reader.getInputCount() && reader.getInput(index).equals(name));
    }
}
