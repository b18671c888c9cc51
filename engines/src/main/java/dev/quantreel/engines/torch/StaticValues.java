package dev.quantreel.engines.torch;

import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// What a graph computes from its weights and from shapes alone: weights unpacked to floats, positions, extents. No
/// gradient goes through it, so an inference engine computes it once per shape of the inputs.
///
/// @param names every such value, initializers included
/// @param read those of them that other nodes read
record StaticValues(OnnxModel model, Set<String> names, Set<String> read) {

    static StaticValues of(OnnxModel model) {
        GraphProto graph = model.proto().getGraph();
        Set<String> names = new HashSet<>();
        graph.getInitializerList().forEach(initializer -> names.add(initializer.getName()));
        graph.getInputList().stream()
                .filter(input -> isWhole(input.getType().getTensorType().getElemType()))
                .forEach(input -> names.add(input.getName()));
        Set<String> read = new LinkedHashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            List<String> inputs = reads(node).toList();
            if (node.getOpType().equals(OnnxOp.Shape.name()) || names.containsAll(inputs)) {
                names.addAll(node.getOutputList());
            } else {
                inputs.stream().filter(names::contains).forEach(read::add);
            }
        }
        graph.getOutputList().stream()
                .map(ValueInfoProto::getName)
                .filter(names::contains)
                .forEach(read::add);
        return new StaticValues(model, names, read);
    }

    private static boolean isWhole(int type) {
        DType dtype = OnnxTypes.dtype(type);
        return dtype == DType.I64 || dtype == DType.I32 || dtype == DType.BOOL;
    }

    /// What the values depend on: the shapes of the inputs, and those inputs themselves that are whole numbers.
    List<String> key(Map<String, Tensor> inputs) {
        return new TreeMap<>(inputs)
                .entrySet().stream()
                        .map(input -> input.getKey()
                                + input.getValue().shape()
                                + (names.contains(input.getKey())
                                        ? Arrays.toString(Conversions.toFloatArray(input.getValue()))
                                        : ""))
                        .toList();
    }

    /// Names from around a node that it or its body reads.
    private static Stream<String> reads(NodeProto node) {
        Stream<String> captured = node.getAttributeList().stream()
                .filter(AttributeProto::hasG)
                .flatMap(attribute -> captured(attribute.getG()).stream());
        return Stream.concat(node.getInputList().stream(), captured).filter(name -> !name.isEmpty());
    }

    private static List<String> captured(GraphProto body) {
        Set<String> own = new HashSet<>();
        body.getInputList().forEach(input -> own.add(input.getName()));
        body.getInitializerList().forEach(initializer -> own.add(initializer.getName()));
        List<String> captured = new ArrayList<>();
        for (NodeProto node : body.getNodeList()) {
            reads(node).filter(name -> !own.contains(name)).forEach(captured::add);
            own.addAll(node.getOutputList());
        }
        return captured;
    }

    /// Computes those that are read.
    ///
    /// @param inputs of the whole graph
    Map<String, Tensor> computed(Engine engine, Map<String, Tensor> inputs, CancellationToken cancellation) {
        Map<String, Tensor> values = new HashMap<>(inputs);
        values.keySet().retainAll(read);
        for (TensorProto initializer : model.proto().getGraph().getInitializerList()) {
            String name = initializer.getName();
            if (read.contains(name)) {
                Tensor weight = model.weights().get(name);
                values.put(name, weight == null ? inline(initializer) : weight);
            }
        }
        List<String> made =
                read.stream().filter(name -> !values.containsKey(name)).toList();
        if (made.isEmpty()) {
            return values;
        }
        try (Session session = engine.open(new GraphCut(model, made).first(), Engine.Use.OCCASIONAL)) {
            Map<String, Tensor> own = new HashMap<>(inputs);
            own.keySet().retainAll(session.inputs());
            values.putAll(session.run(own, cancellation));
        }
        return values;
    }

    static Tensor inline(TensorProto initializer) {
        Tensor tensor = Tensor.zeros(
                OnnxTypes.dtype(initializer.getDataType()),
                Shape.of(initializer.getDimsList().stream()
                        .mapToLong(Long::longValue)
                        .toArray()));
        tensor.data().copyFrom(MemorySegment.ofArray(initializer.getRawData().toByteArray()));
        return tensor;
    }
}
