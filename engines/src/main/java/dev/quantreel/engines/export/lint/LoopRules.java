package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TypeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Loops and conditionals: restrictions of onnx-tensorrt's operator table, and what they keep TensorRT from
/// fusing.
final class LoopRules {

    private static final Set<DType> FLOATS = EnumSet.of(DType.F32, DType.F16, DType.BF16);

    private LoopRules() {}

    static void check(LintGraph graph, NodeProto node, Findings findings) {
        switch (node.getOpType()) {
            case "If" -> branches(node, findings);
            case "Loop" -> {
                body(node, "body", findings);
                if (node.getInputCount() > 0
                        && !node.getInput(0).isEmpty()
                        && scans(node)
                        && !graph.isConstant(node.getInput(0))) {
                    findings.refuse(
                            node,
                            node.getInput(0),
                            "a trip count that is computed, with outputs that grow by it",
                            "scan outputs of a length that is not dynamic");
                }
            }
            case "Scan" -> {
                body(node, "body", findings);
                for (String input : node.getInputList()) {
                    graph.type(input)
                            .filter(type -> !FLOATS.contains(type))
                            .ifPresent(type -> findings.refuse(node, input, type + " input", "F32, F16 and BF16"));
                }
                findings.doubt(
                        node,
                        "",
                        "a loop whose length is that of an input",
                        "loops, but fuses nothing across them: attention belongs outside (MatMul, Softmax, MatMul)");
            }
            default -> {}
        }
    }

    private static boolean scans(NodeProto node) {
        int carried = node.getInputCount() - 2;
        return node.getOutputCount() > carried;
    }

    private static void body(NodeProto node, String attribute, Findings findings) {
        ElementTypes.attribute(node, attribute).map(AttributeProto::getG).ifPresent(body -> body.getNodeList().stream()
                .filter(inner -> inner.getOpType().equals("QuantizeLinear"))
                .forEach(inner -> findings.doubt(
                        inner, inner.getInput(0), "quantization inside a loop", "quantization outside of loops")));
    }

    private static void branches(NodeProto node, Findings findings) {
        List<GraphProto> branches = node.getAttributeList().stream()
                .filter(AttributeProto::hasG)
                .map(AttributeProto::getG)
                .toList();
        if (branches.size() != 2) {
            return;
        }
        List<ValueInfoProto> first = branches.get(0).getOutputList();
        List<ValueInfoProto> second = branches.get(1).getOutputList();
        for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
            if (first.get(i).getName().equals(second.get(i).getName())) {
                findings.refuse(
                        node,
                        "",
                        "branches whose outputs are both called " + first.get(i).getName(),
                        "different names");
            }
            TypeProto.Tensor a = first.get(i).getType().getTensorType();
            TypeProto.Tensor b = second.get(i).getType().getTensorType();
            if (a.hasShape()
                    && b.hasShape()
                    && a.getShape().getDimCount() != b.getShape().getDimCount()) {
                findings.refuse(
                        node,
                        "",
                        "branches of rank " + a.getShape().getDimCount() + " and "
                                + b.getShape().getDimCount(),
                        "outputs of one rank");
            }
        }
    }
}
