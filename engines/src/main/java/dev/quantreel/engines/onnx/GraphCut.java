package dev.quantreel.engines.onnx;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TypeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// A model cut in two: behind the nodes of one scope ([OnnxGraphBuilder#scope]), or behind what follows from inputs
/// that are known early ([KnownProducts]). Run after each other the two give what the whole gives. No weight of the
/// first part is in the second; cheap nodes before the cut may be in both.
///
/// @param model the whole
/// @param values what goes from the first to the second, in the order of execution
public record GraphCut(OnnxModel model, List<String> values) {

    public GraphCut {
        values = List.copyOf(values);
    }

    /// Cuts behind a scope.
    ///
    /// @throws IllegalArgumentException when no node is in the scope, or nothing follows from it
    public static GraphCut behind(OnnxModel model, String scope) {
        Set<String> own = new LinkedHashSet<>();
        Set<String> read = new HashSet<>();
        GraphProto graph = model.proto().getGraph();
        for (NodeProto node : graph.getNodeList()) {
            if (isWithin(node, scope)) {
                own.addAll(node.getOutputList());
            } else {
                reads(node).forEach(read::add);
            }
        }
        graph.getOutputList().forEach(output -> read.add(output.getName()));
        List<String> values = own.stream().filter(read::contains).toList();
        if (values.isEmpty()) {
            throw new IllegalArgumentException(
                    "nothing in the graph " + model.name() + " follows from nodes of the scope " + scope);
        }
        return new GraphCut(model, values);
    }

    /// Cuts behind the products of matrices that follow from some of the inputs, with what is done to them alone, and
    /// behind every output that follows from these inputs; empty where there is no such product.
    ///
    /// @param known names of inputs; others than the model's are ignored
    public static Optional<GraphCut> behindProductsOf(OnnxModel model, Set<String> known) {
        return KnownProducts.of(model, known);
    }

    private static boolean isWithin(NodeProto node, String scope) {
        return node.getName().startsWith(scope + "/") || node.getName().startsWith(scope + ".");
    }

    /// The nodes up to the cut; its outputs are [#values].
    public OnnxModel first() {
        List<ValueInfoProto> outputs = values.stream()
                .map(name -> ValueInfoProto.newBuilder().setName(name).build())
                .toList();
        return part("-first", Set.of(), List.of(), outputs);
    }

    /// The nodes behind the cut; it has the outputs of the whole.
    ///
    /// @param cut tensors as the first part put them out, whose types and ranks become those of the inputs
    public OnnxModel later(Map<String, Tensor> cut) {
        List<ValueInfoProto> inputs = new ArrayList<>();
        for (String name : values) {
            Tensor tensor = cut.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException("no tensor for " + name + " among " + cut.keySet());
            }
            TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
            for (int axis = 0; axis < tensor.shape().rank(); axis++) {
                shape.addDimBuilder().setDimParam(name + ":" + axis);
            }
            inputs.add(ValueInfoProto.newBuilder()
                    .setName(name)
                    .setType(TypeProto.newBuilder()
                            .setTensorType(TypeProto.Tensor.newBuilder()
                                    .setElemType(OnnxTypes.code(tensor.dtype()))
                                    .setShape(shape)))
                    .build());
        }
        return part(
                "-later",
                new HashSet<>(values),
                inputs,
                model.proto().getGraph().getOutputList());
    }

    /// The nodes behind the cut, with those outputs of the whole that are not [#values].
    ///
    /// @param dtype of all values; their extents are left open
    public OnnxModel rest(DType dtype) {
        TypeProto type = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(OnnxTypes.code(dtype)))
                .build();
        List<ValueInfoProto> inputs = values.stream()
                .map(name ->
                        ValueInfoProto.newBuilder().setName(name).setType(type).build())
                .toList();
        List<ValueInfoProto> outputs = model.proto().getGraph().getOutputList().stream()
                .filter(output -> !values.contains(output.getName()))
                .toList();
        return part("", new HashSet<>(values), inputs, outputs);
    }

    /// What the outputs need, walking back as far as the cut.
    private OnnxModel part(String suffix, Set<String> cut, List<ValueInfoProto> inputs, List<ValueInfoProto> outputs) {
        GraphProto whole = model.proto().getGraph();
        Set<String> needed = needed(whole, cut, outputs);
        GraphProto.Builder graph = GraphProto.newBuilder().setName(whole.getName() + suffix);
        for (NodeProto node : whole.getNodeList()) {
            boolean made = node.getOutputList().stream().anyMatch(name -> needed.contains(name) && !cut.contains(name));
            if (made) {
                graph.addNode(node);
            }
        }
        whole.getInputList().stream()
                .filter(input -> needed.contains(input.getName()))
                .forEach(graph::addInput);
        inputs.stream().filter(input -> needed.contains(input.getName())).forEach(graph::addInput);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        Set<String> streamed = new HashSet<>();
        for (TensorProto initializer : whole.getInitializerList()) {
            String name = initializer.getName();
            if (needed.contains(name)) {
                graph.addInitializer(initializer);
                Tensor weight = model.weights().get(name);
                if (weight != null) {
                    weights.put(name, weight);
                }
                if (model.streamed().contains(name)) {
                    streamed.add(name);
                }
            }
        }
        graph.addAllOutput(outputs);
        return new OnnxModel(model.proto().toBuilder().setGraph(graph).build(), weights, streamed);
    }

    private static Set<String> needed(GraphProto whole, Set<String> cut, List<ValueInfoProto> outputs) {
        Map<String, NodeProto> makers = new HashMap<>();
        whole.getNodeList().forEach(node -> node.getOutputList().forEach(name -> makers.put(name, node)));
        Set<String> needed = new HashSet<>();
        Deque<String> open = new ArrayDeque<>();
        outputs.forEach(output -> open.add(output.getName()));
        while (!open.isEmpty()) {
            String name = open.pop();
            if (needed.add(name) && !cut.contains(name) && makers.containsKey(name)) {
                reads(makers.get(name)).forEach(open::add);
            }
        }
        return needed;
    }

    /// Names that a node reads, those of its branches and bodies included.
    static Stream<String> reads(NodeProto node) {
        Stream<String> captured = node.getAttributeList().stream()
                .filter(AttributeProto::hasG)
                .flatMap(attribute -> Stream.concat(
                        attribute.getG().getNodeList().stream().flatMap(GraphCut::reads),
                        attribute.getG().getOutputList().stream().map(ValueInfoProto::getName)));
        return Stream.concat(node.getInputList().stream(), captured).filter(name -> !name.isEmpty());
    }
}
