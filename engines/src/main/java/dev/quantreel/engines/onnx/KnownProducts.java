package dev.quantreel.engines.onnx;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds what of a graph can be computed before it runs, because it follows from weights and from inputs that are known
/// early, and is worth it, because it holds matrices: the modulation vectors of a transformer follow from the time
/// alone and their matrices are a quarter of HunyuanVideo.
///
/// Products are taken out with all they need and with what is done to them alone (bias, concatenation). Cheap nodes
/// that only widen the result, such as the sum with a table by block, stay behind: taking them out would store more
/// than it saves.
final class KnownProducts {

    private static final Set<String> PRODUCTS =
            Set.of("MatMul", "Gemm", "MatMulInteger", "MatMulIntegerToFloat", "MatMulNBits");

    private final Map<String, Integer> readers = new HashMap<>();
    private final Map<String, NodeProto> makers = new HashMap<>();
    private final List<NodeProto> known = new ArrayList<>();
    private final Set<String> outputs = new HashSet<>();
    private final Set<NodeProto> taken = new LinkedHashSet<>();

    private KnownProducts(GraphProto graph, Set<String> inputs) {
        Set<String> fixed = new HashSet<>();
        graph.getInitializerList().forEach(weight -> fixed.add(weight.getName()));
        Set<String> early = new HashSet<>();
        graph.getInputList().stream()
                .filter(input -> inputs.contains(input.getName()))
                .forEach(input -> early.add(input.getName()));
        graph.getOutputList().forEach(output -> outputs.add(output.getName()));
        for (NodeProto node : graph.getNodeList()) {
            List<String> reads = GraphCut.reads(node).toList();
            reads.forEach(name -> readers.merge(name, 1, Integer::sum));
            if (fixed.containsAll(reads)) {
                fixed.addAll(node.getOutputList());
            } else if (reads.stream().allMatch(name -> early.contains(name) || fixed.contains(name))) {
                early.addAll(node.getOutputList());
                known.add(node);
                node.getOutputList().forEach(name -> makers.put(name, node));
            }
        }
    }

    /// The graph cut behind the products that follow from some of its inputs; empty where there are none.
    ///
    /// @param inputs names of what is known early; others than inputs of the graph are ignored
    static Optional<GraphCut> of(OnnxModel model, Set<String> inputs) {
        GraphProto graph = model.proto().getGraph();
        KnownProducts products = new KnownProducts(graph, inputs);
        if (products.known.stream().noneMatch(node -> PRODUCTS.contains(node.getOpType()))) {
            return Optional.empty();
        }
        return Optional.of(new GraphCut(model, products.values(graph)));
    }

    private List<String> values(GraphProto graph) {
        known.stream()
                .filter(node -> PRODUCTS.contains(node.getOpType())
                        || node.getOutputList().stream().anyMatch(outputs::contains))
                .forEach(this::take);
        known.stream().filter(this::onlyContinues).forEach(taken::add);
        Set<String> read = new HashSet<>(outputs);
        graph.getNodeList().stream().filter(node -> !taken.contains(node)).forEach(node -> GraphCut.reads(node)
                .forEach(read::add));
        return graph.getNodeList().stream()
                .filter(taken::contains)
                .flatMap(node -> node.getOutputList().stream())
                .filter(read::contains)
                .toList();
    }

    /// Takes a node with all that it follows from.
    private void take(NodeProto last) {
        Deque<NodeProto> open = new ArrayDeque<>(List.of(last));
        while (!open.isEmpty()) {
            NodeProto node = open.pop();
            if (taken.add(node)) {
                GraphCut.reads(node)
                        .filter(makers::containsKey)
                        .map(makers::get)
                        .forEach(open::push);
            }
        }
    }

    /// Whether a node makes one value of others that are taken and that nothing else reads. Nodes come in order, so
    /// that chains of such nodes are found.
    private boolean onlyContinues(NodeProto node) {
        List<String> made = GraphCut.reads(node).filter(makers::containsKey).toList();
        return node.getOutputCount() == 1
                && !made.isEmpty()
                && made.stream()
                        .allMatch(name -> readers.getOrDefault(name, 0) == 1
                                && !outputs.contains(name)
                                && taken.contains(makers.get(name)));
    }
}
