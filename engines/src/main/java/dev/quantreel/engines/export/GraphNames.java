package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// What rewriting a graph needs of its names: who reads what, and a graph without the nodes and weights that
/// nobody reads.
final class GraphNames {

    private GraphNames() {}

    /// Names that a node reads, those of its branches and bodies included.
    static Stream<String> reads(NodeProto node) {
        Stream<String> captured = node.getAttributeList().stream()
                .filter(AttributeProto::hasG)
                .flatMap(attribute -> Stream.concat(
                        attribute.getG().getNodeList().stream().flatMap(GraphNames::reads),
                        attribute.getG().getOutputList().stream().map(ValueInfoProto::getName)));
        return Stream.concat(node.getInputList().stream(), captured).filter(name -> !name.isEmpty());
    }

    /// The same graph with other nodes, in the order of execution; what no output needs is left out.
    ///
    /// @param nodes all that there are
    /// @param initializers those that may be read
    /// @param weights of the initializers that lie outside of the message
    static OnnxModel pruned(
            OnnxModel model, List<NodeProto> nodes, List<TensorProto> initializers, Map<String, Tensor> weights) {
        GraphProto whole = model.proto().getGraph();
        Set<String> needed = new HashSet<>();
        whole.getOutputList().forEach(output -> needed.add(output.getName()));
        List<NodeProto> kept = new ArrayList<>();
        for (NodeProto node : nodes.reversed()) {
            if (node.getOutputList().stream().anyMatch(needed::contains)) {
                reads(node).forEach(needed::add);
                kept.addFirst(node);
            }
        }
        GraphProto.Builder graph =
                whole.toBuilder().clearNode().clearInitializer().addAllNode(kept);
        Map<String, Tensor> used = new LinkedHashMap<>();
        for (TensorProto initializer : initializers) {
            String name = initializer.getName();
            if (needed.contains(name)) {
                graph.addInitializer(initializer);
                Tensor weight = weights.get(name);
                if (weight != null) {
                    used.put(name, weight);
                }
            }
        }
        return new OnnxModel(
                model.proto().toBuilder().setGraph(graph).build(),
                used,
                model.streamed().isEmpty() ? Set.of() : intersection(model.streamed(), used.keySet()));
    }

    private static Set<String> intersection(Set<String> a, Set<String> b) {
        Set<String> both = new HashSet<>(a);
        both.retainAll(b);
        return both;
    }

    /// The model with the operator sets that its nodes use, and no streamed weights: as other programs read it.
    static OnnxModel standard(OnnxModel model) {
        List<OperatorSetIdProto> sets = model.proto().getOpsetImportList().stream()
                .filter(set -> set.getDomain().isEmpty())
                .toList();
        return new OnnxModel(
                model.proto().toBuilder()
                        .clearOpsetImport()
                        .addAllOpsetImport(sets)
                        .build(),
                model.weights());
    }
}
