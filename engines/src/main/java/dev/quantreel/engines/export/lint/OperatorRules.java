package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// Which operators there are, on which types, and which of their inputs must be known when an engine is built:
/// the table of onnx-tensorrt 10.15 with its restrictions.
final class OperatorRules {

    /// Operands that strong typing wants of one type: an elementwise layer, a product or a concatenation of
    /// TensorRT casts nothing by itself (guide, "Strongly Typed Networks").
    private static final Map<String, List<Integer>> SAME_TYPE = Map.of(
            "Where", List.of(1, 2),
            "LayerNormalization", List.of(0, 1, 2),
            "RMSNormalization", List.of(0, 1),
            "Pad", List.of(0, 2),
            "Clip", List.of(0, 1, 2));

    private static final Set<String> ALL_OF_ONE_TYPE = Set.of(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Pow",
            "Max",
            "Min",
            "Mod",
            "Sum",
            "Mean",
            "MatMul",
            "Gemm",
            "Conv",
            "ConvTranspose",
            "Concat",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "PRelu",
            "Range",
            "Attention",
            "RotaryEmbedding");

    /// Inputs that `operators.md` wants as initializers, or resolvable to a constant.
    private static final Map<String, Integer> CONSTANT_INPUT = Map.ofEntries(
            Map.entry("ReduceL1", 1),
            Map.entry("ReduceL2", 1),
            Map.entry("ReduceLogSum", 1),
            Map.entry("ReduceLogSumExp", 1),
            Map.entry("ReduceMax", 1),
            Map.entry("ReduceMean", 1),
            Map.entry("ReduceMin", 1),
            Map.entry("ReduceProd", 1),
            Map.entry("ReduceSum", 1),
            Map.entry("ReduceSumSquare", 1),
            Map.entry("Squeeze", 1),
            Map.entry("Unsqueeze", 1),
            Map.entry("CumSum", 1),
            Map.entry("OneHot", 1));

    private static final Set<DType> QUANTIZED = EnumSet.of(DType.I8, DType.I4, DType.F8_E4M3, DType.F4);
    private static final Set<DType> CAST =
            EnumSet.of(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64, DType.BOOL);
    private static final Set<String> RESIZE_MODES = Set.of("nearest", "linear");

    private OperatorRules() {}

    static void check(LintGraph graph, NodeProto node, Findings findings) {
        String op = node.getOpType();
        if (!node.getDomain().isEmpty() && !node.getDomain().equals("ai.onnx")) {
            findings.refuse(
                    node,
                    "",
                    "operator of the domain " + node.getDomain(),
                    "standard ONNX operators, and plugins of its own");
            return;
        }
        Optional<Set<DType>> types = TensorRtOperators.types(op);
        if (types.isEmpty()) {
            findings.refuse(node, "", "operator " + op, TensorRtOperators.instead(op));
            return;
        }
        types(graph, node, types.get(), findings);
        oneType(graph, node, findings);
        constants(graph, node, findings);
        restrictions(graph, node, findings);
    }

    private static void types(LintGraph graph, NodeProto node, Set<DType> types, Findings findings) {
        boolean quantizes = node.getOpType().equals("DequantizeLinear");
        int first = node.getOpType().equals("Where") ? 1 : node.getOpType().equals("Loop") ? 2 : 0;
        if (node.getInputCount() <= first || node.getOpType().equals("If")) {
            return;
        }
        String data = node.getInput(first);
        graph.type(data).filter(type -> !types.contains(type)).ifPresent(type -> {
            String why = QUANTIZED.contains(type) && !quantizes
                    ? "; quantized values go into DequantizeLinear alone"
                    : type == DType.U8 ? "; UINT8 is a type of inputs and outputs alone" : "";
            findings.refuse(node, data, type + " data", types + why);
        });
    }

    private static void oneType(LintGraph graph, NodeProto node, Findings findings) {
        List<Integer> operands = ALL_OF_ONE_TYPE.contains(node.getOpType())
                ? IntStream.range(0, operandCount(node)).boxed().toList()
                : SAME_TYPE.getOrDefault(node.getOpType(), List.of());
        Optional<DType> common = Optional.empty();
        for (int index : operands) {
            String name = index < node.getInputCount() ? node.getInput(index) : "";
            Optional<DType> own = name.isEmpty() ? Optional.empty() : graph.type(name);
            if (own.isPresent() && common.isPresent() && own.get() != common.get()) {
                findings.refuse(
                        node,
                        name,
                        own.get() + " beside " + common.get(),
                        "operands of one type in a strongly typed network: put a Cast before it");
                return;
            }
            common = common.or(() -> own);
        }
    }

    /// Of a rotary embedding the position ids are integers.
    private static int operandCount(NodeProto node) {
        return node.getOpType().equals("RotaryEmbedding") ? Math.min(3, node.getInputCount()) : node.getInputCount();
    }

    private static void constants(LintGraph graph, NodeProto node, Findings findings) {
        Integer index = CONSTANT_INPUT.get(node.getOpType());
        if (index != null && index < node.getInputCount()) {
            String name = node.getInput(index);
            if (!name.isEmpty() && !graph.isConstant(name)) {
                findings.refuse(node, name, "computed in the graph", "a constant there");
            }
        }
    }

    /// Targets of Cast; UINT8 beside outputs of the graph, where alone it is a type.
    private static void cast(LintGraph graph, NodeProto node, Findings findings) {
        graph.type(node.getOutput(0)).ifPresent(type -> {
            boolean leaves = graph.proto().getOutputList().stream()
                    .anyMatch(output -> output.getName().equals(node.getOutput(0)));
            if (!CAST.contains(type) && !(type == DType.U8 && leaves)) {
                findings.refuse(
                        node,
                        node.getOutput(0),
                        "a cast to " + type,
                        CAST + ", UINT8 for an output of the graph; codes by QuantizeLinear");
            }
        });
    }

    private static void restrictions(LintGraph graph, NodeProto node, Findings findings) {
        switch (node.getOpType()) {
            case "Cast" -> cast(graph, node, findings);
            case "LayerNormalization" -> {
                if (node.getOutputCount() > 1) {
                    findings.refuse(node, node.getOutput(1), "a second output", "the first output of it alone");
                }
            }
            case "Resize" ->
                text(node, "mode", "nearest")
                        .filter(mode -> !RESIZE_MODES.contains(mode))
                        .ifPresent(mode -> findings.refuse(node, "", "mode " + mode, "the modes " + RESIZE_MODES));
            case "ScatterND" ->
                text(node, "reduction", "none")
                        .filter(own -> !own.equals("none"))
                        .ifPresent(own -> findings.refuse(node, "", "reduction " + own, "reduction none"));
            case "TopK" -> {
                if (node.getInputCount() > 1) {
                    graph.values(node.getInput(1))
                            .filter(values -> values.length == 1 && values[0] >= 3840)
                            .ifPresent(values -> findings.refuse(
                                    node, node.getInput(1), "K of " + (long) values[0], "K below 3840"));
                }
            }
            case "Dropout" -> {
                if (node.getInputCount() > 2 && !graph.isConstant(node.getInput(2))) {
                    findings.refuse(node, node.getInput(2), "a computed training mode", "a constant false");
                }
            }
            default -> {}
        }
    }

    private static Optional<String> text(NodeProto node, String attribute, String usual) {
        return Optional.of(ElementTypes.attribute(node, attribute)
                .map(AttributeProto::getS)
                .map(own -> own.toStringUtf8())
                .orElse(usual));
    }
}
