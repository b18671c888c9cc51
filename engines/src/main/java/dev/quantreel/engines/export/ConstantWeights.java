package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Makes constants of weights again. Graphs for ONNX Runtime tie the widening of a large weight to an
/// activation ([dev.quantreel.engines.onnx.Widening]), so that it is not widened before its turn; a builder of
/// engines must see that the weight is constant, and does not widen it at all.
final class ConstantWeights {

    private final GraphProto graph;
    private final Map<String, NodeProto> makers = new HashMap<>();
    private final Map<String, TensorProto> initializers = new HashMap<>();
    private final Map<String, String> aliases = new HashMap<>();

    private ConstantWeights(GraphProto graph) {
        this.graph = graph;
        graph.getNodeList().forEach(node -> node.getOutputList().forEach(name -> makers.put(name, node)));
        graph.getInitializerList().forEach(weight -> initializers.put(weight.getName(), weight));
    }

    static OnnxModel of(OnnxModel model) {
        GraphProto graph = model.proto().getGraph();
        List<NodeProto> nodes = new ConstantWeights(graph).nodes();
        return GraphNames.pruned(model, nodes, graph.getInitializerList(), model.weights());
    }

    private List<NodeProto> nodes() {
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : graph.getNodeList()) {
            if (isSame(node)) {
                String input = node.getInput(0);
                aliases.put(node.getOutput(0), aliases.getOrDefault(input, input));
            } else {
                NodeProto.Builder renamed = node.toBuilder().clearInput();
                node.getInputList().forEach(name -> renamed.addInput(aliases.getOrDefault(name, name)));
                nodes.add(renamed.build());
            }
        }
        return nodes;
    }

    /// Whether a node puts out the weight that it reads.
    private boolean isSame(NodeProto node) {
        if (node.getInputCount() == 0) {
            return false;
        }
        String input = node.getInput(0);
        TensorProto weight = initializers.get(aliases.getOrDefault(input, input));
        if (weight == null || !isFloat(weight.getDataType())) {
            return false;
        }
        return switch (node.getOpType()) {
            case "Cast" -> isFloat((int) node.getAttribute(0).getI());
            case "Reshape" -> weight.getDimsCount() == 2 && isOwnShape(node.getInput(1));
            default -> false;
        };
    }

    /// Whether a shape is `[0, -1]` whose 0 is computed.
    private boolean isOwnShape(String name) {
        NodeProto concat = makers.get(name);
        if (concat == null || !concat.getOpType().equals("Concat") || concat.getInputCount() != 2) {
            return false;
        }
        NodeProto clip = makers.get(concat.getInput(0));
        return clip != null
                && clip.getOpType().equals("Clip")
                && clip.getInputCount() == 3
                && value(clip.getInput(1)) == 0
                && value(clip.getInput(2)) == 0
                && value(concat.getInput(1)) == -1;
    }

    private double value(String name) {
        TensorProto tensor = initializers.get(name);
        if (tensor == null || tensor.getRawData().isEmpty()) {
            return Double.NaN;
        }
        DType dtype = OnnxTypes.dtype(tensor.getDataType());
        long elements = 8L * tensor.getRawData().size() / dtype.bits();
        MemorySegment bytes = MemorySegment.ofArray(tensor.getRawData().toByteArray());
        float[] values = Conversions.toFloatArray(new Tensor(dtype, Shape.of(elements), bytes));
        return values.length == 1 ? values[0] : Double.NaN;
    }

    static boolean isFloat(int code) {
        return switch (OnnxTypes.dtype(code)) {
            case F32, F16, BF16 -> true;
            default -> false;
        };
    }
}
