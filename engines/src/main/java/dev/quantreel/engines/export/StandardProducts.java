package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Writes ONNX Runtime's `MatMulIntegerToFloat` as standard `MatMulInteger`, `Cast` and `Mul`: the same
/// integers, the same scales.
final class StandardProducts {

    private StandardProducts() {}

    static OnnxModel of(OnnxModel model) {
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : model.proto().getGraph().getNodeList()) {
            if (node.getOpType().equals("MatMulIntegerToFloat")) {
                lower(node, nodes);
            } else {
                nodes.add(node);
            }
        }
        return GraphNames.pruned(model, nodes, model.proto().getGraph().getInitializerList(), model.weights());
    }

    /// Inputs are the operands, their scales, their zero points.
    private static void lower(NodeProto node, List<NodeProto> into) {
        String sums = node.getName() + ":sums";
        String floats = node.getName() + ":floats";
        String stepped = node.getName() + ":stepped";
        NodeProto.Builder product = node("MatMulInteger", sums, node.getInput(0), node.getInput(1));
        for (int i = 4; i < node.getInputCount(); i++) {
            product.addInput(node.getInput(i));
        }
        into.add(product.build());
        into.add(node("Cast", floats, sums)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(OnnxTypes.code(DType.F32)))
                .build());
        into.add(node("Mul", stepped, floats, node.getInput(3)).build());
        into.add(node("Mul", node.getOutput(0), stepped, node.getInput(2)).build());
    }

    private static NodeProto.Builder node(String op, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setName(output)
                .setOpType(op)
                .addOutput(output)
                .addAllInput(List.of(inputs));
    }
}
