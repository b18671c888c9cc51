package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// The largest shapes of a graph's values: those of the inputs by the optimisation profile, carried on through the
/// operators that attention and linears are made of. What follows from values of shape tensors is not known.
final class MaxShapes {

    private static final Set<String> SAME = Set.of(
            "Cast",
            "Softmax",
            "QuantizeLinear",
            "DequantizeLinear",
            "Identity",
            "LayerNormalization",
            "RMSNormalization",
            "Gelu",
            "Tanh",
            "Sigmoid",
            "Erf",
            "Exp",
            "Neg",
            "Abs",
            "Sqrt",
            "Round",
            "Clip",
            "Reciprocal",
            "Sin",
            "Cos");
    private static final Set<String> BROADCAST =
            Set.of("Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Greater", "Less", "Equal");

    private final LintGraph graph;
    private final Map<String, List<Long>> shapes = new HashMap<>();

    MaxShapes(LintGraph graph, Map<String, InputRange> ranges) {
        this.graph = graph;
        GraphProto proto = graph.proto();
        for (ValueInfoProto input : proto.getInputList()) {
            InputRange range = ranges.get(input.getName());
            boolean fits = range != null
                    && graph.shape(input.getName())
                            .map(shape -> shape.rank() == range.max().size())
                            .orElse(true);
            if (range != null && fits) {
                shapes.put(input.getName(), range.max());
            }
        }
        proto.getInitializerList().forEach(constant -> shapes.put(constant.getName(), constant.getDimsList()));
        for (NodeProto node : proto.getNodeList()) {
            if (node.getOutputCount() > 0) {
                inferred(node).ifPresent(shape -> shapes.put(node.getOutput(0), shape));
            }
        }
    }

    /// Elements of a value at most; empty where its shape is not known.
    Optional<Long> elements(String name) {
        return Optional.ofNullable(shapes.get(name)).map(MaxShapes::product);
    }

    private static long product(List<Long> shape) {
        return shape.stream().reduce(1L, MaxShapes::saturated);
    }

    private static long saturated(long a, long b) {
        return Math.multiplyHigh(a, b) != 0 || a * b < 0 ? Long.MAX_VALUE : a * b;
    }

    private Optional<List<Long>> of(NodeProto node, int input) {
        return input < node.getInputCount()
                ? Optional.ofNullable(shapes.get(node.getInput(input)))
                        .or(() -> graph.shape(node.getInput(input)).map(MaxShapes::list))
                : Optional.empty();
    }

    private static List<Long> list(Shape shape) {
        return IntStream.range(0, shape.rank()).mapToObj(shape::dim).toList();
    }

    private Optional<List<Long>> inferred(NodeProto node) {
        String op = node.getOpType();
        if (SAME.contains(op)) {
            return of(node, 0);
        }
        if (BROADCAST.contains(op)) {
            Optional<List<Long>> all = Optional.of(List.of());
            for (int i = 0; i < node.getInputCount(); i++) {
                int input = i;
                all = all.flatMap(one -> of(node, input).map(other -> broadcast(one, other)));
            }
            return all;
        }
        return switch (op) {
            case "MatMul" -> of(node, 0).flatMap(a -> of(node, 1).flatMap(b -> matrices(a, b)));
            case "Transpose" -> of(node, 0).flatMap(shape -> transposed(node, shape));
            case "Reshape" -> of(node, 0).flatMap(shape -> reshaped(node, shape));
            default -> Optional.empty();
        };
    }

    private static List<Long> broadcast(List<Long> a, List<Long> b) {
        List<Long> wide = a.size() >= b.size() ? a : b;
        List<Long> narrow = a.size() >= b.size() ? b : a;
        List<Long> shape = new ArrayList<>(wide);
        int offset = wide.size() - narrow.size();
        for (int i = 0; i < narrow.size(); i++) {
            shape.set(offset + i, Math.max(wide.get(offset + i), narrow.get(i)));
        }
        return shape;
    }

    private static Optional<List<Long>> matrices(List<Long> a, List<Long> b) {
        if (a.size() < 2 || b.size() < 2) {
            return Optional.empty();
        }
        List<Long> shape = new ArrayList<>(broadcast(a.subList(0, a.size() - 2), b.subList(0, b.size() - 2)));
        shape.add(a.get(a.size() - 2));
        shape.add(b.getLast());
        return Optional.of(shape);
    }

    private static Optional<List<Long>> transposed(NodeProto node, List<Long> shape) {
        List<Long> perm = ElementTypes.attribute(node, "perm")
                .map(AttributeProto::getIntsList)
                .orElseGet(() -> IntStream.range(0, shape.size())
                        .mapToObj(axis -> (long) shape.size() - 1 - axis)
                        .toList());
        return perm.stream().allMatch(axis -> axis >= 0 && axis < shape.size())
                ? Optional.of(
                        perm.stream().map(axis -> shape.get(axis.intValue())).toList())
                : Optional.empty();
    }

    /// By a constant alone: 0 keeps an extent, -1 is what is left.
    private Optional<List<Long>> reshaped(NodeProto node, List<Long> shape) {
        if (node.getInputCount() < 2) {
            return Optional.empty();
        }
        return graph.values(node.getInput(1)).flatMap(target -> {
            List<Long> dims = new ArrayList<>();
            int open = -1;
            for (int i = 0; i < target.length; i++) {
                long dim = (long) target[i];
                if (dim == 0 && i >= shape.size()) {
                    return Optional.empty();
                }
                open = dim == -1 ? i : open;
                dims.add(dim == 0 ? shape.get(i) : dim == -1 ? 1L : dim);
            }
            long rest = product(dims);
            if (open >= 0 && (rest == 0 || product(shape) % rest != 0)) {
                return Optional.empty();
            }
            if (open >= 0) {
                dims.set(open, product(shape) / rest);
            }
            return Optional.of(dims);
        });
    }
}
