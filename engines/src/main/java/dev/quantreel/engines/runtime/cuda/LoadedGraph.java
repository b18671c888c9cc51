package dev.quantreel.engines.runtime.cuda;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.runtime.cuda.plan.BlockScope;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// A model as the device takes it: the tiles of every low-bit weight packed into one array as the kernels read it, and
/// every weight assigned to the block that reads it.
///
/// @param graph reads packed weights
/// @param weights everything that lies outside of the graph's message
record LoadedGraph(GraphProto graph, Collection<WeightSource> weights) {

    /// Inputs of a low-bit product from which on there are steps, gate, and tiles.
    private static final int FIRST_WEIGHT = 3;

    private static final int FIRST_LAST = 6;
    private static final int FIRST_TILE = 8;

    /// Whether a model has operators that no other engine runs fast.
    static boolean isOurs(OnnxModel model) {
        return nodes(model.proto().getGraph()).anyMatch(node -> node.getDomain().equals(OnnxOp.QUANTREEL));
    }

    private static Stream<NodeProto> nodes(GraphProto graph) {
        return graph.getNodeList().stream()
                .flatMap(node -> Stream.concat(
                        Stream.of(node),
                        node.getAttributeList().stream()
                                .filter(AttributeProto::hasG)
                                .flatMap(attribute -> nodes(attribute.getG()))));
    }

    /// @param packsCodes whether the chip multiplies 4-bit codes by 4-bit codes
    static LoadedGraph of(OnnxModel model, boolean packsCodes) {
        GraphProto whole = model.proto().getGraph();
        GraphProto.Builder graph = whole.toBuilder().clearNode().clearInitializer();
        Map<String, String> blocks = blocks(whole);
        Map<String, WeightSource> packed = new LinkedHashMap<>();
        Set<String> tiles = new HashSet<>();
        for (NodeProto node : whole.getNodeList()) {
            graph.addNode(
                    switch (OnnxOp.valueOf(node.getOpType())) {
                        case LowBitMatMul -> packed(LowBitWeight.of(model, node, blocks), node, packed, tiles);
                        case RotateQuantize -> packsCodes ? marked(whole, node) : node;
                        default -> node;
                    });
        }
        List<WeightSource> weights = new ArrayList<>(packed.values());
        for (TensorProto initializer : whole.getInitializerList()) {
            String name = initializer.getName();
            Tensor weight = model.weights().get(name);
            if (tiles.contains(name)) {
                continue;
            }
            if (weight == null) {
                graph.addInitializer(initializer);
            } else if (isOnes(weight)) {
                graph.addInitializer(initializer.toBuilder()
                        .clearDataLocation()
                        .setRawData(ByteString.copyFrom(weight.data().asByteBuffer())));
            } else {
                weights.add(WeightSource.of(name, blocks.getOrDefault(name, ""), Nibbles.widened(weight)));
            }
        }
        return new LoadedGraph(graph.build(), weights);
    }

    /// The vectors of norms without a weight, which plans leave out where they know them.
    private static boolean isOnes(Tensor weight) {
        if (weight.dtype() != DType.F32 || weight.shape().rank() != 1) {
            return false;
        }
        for (long i = 0; i < weight.elements(); i++) {
            if (weight.data().get(Tensor.FLOAT, Float.BYTES * i) != 1) {
                return false;
            }
        }
        return true;
    }

    /// The block that alone reads a value, as steps are named; empty where several do.
    private static Map<String, String> blocks(GraphProto graph) {
        Map<String, String> blocks = new HashMap<>();
        BlockScope.walk(graph, (node, block) -> node.getInputList()
                .forEach(name -> blocks.merge(name, block, (a, b) -> a.equals(b) ? a : "")));
        return blocks;
    }

    private static NodeProto packed(
            LowBitWeight weight, NodeProto node, Map<String, WeightSource> packed, Set<String> gone) {
        gone.addAll(node.getInputList().subList(FIRST_WEIGHT, FIRST_LAST));
        gone.addAll(node.getInputList().subList(FIRST_TILE, node.getInputCount()));
        packed.putIfAbsent(weight.name(), weight.source());
        NodeProto.Builder rewritten =
                node.toBuilder().clearInput().addAttribute(integer(LowBitWeight.ROWS, weight.rows()));
        node.getInputList().subList(0, FIRST_WEIGHT).forEach(rewritten::addInput);
        for (int i = FIRST_WEIGHT; i < FIRST_LAST; i++) {
            rewritten.addInput("");
        }
        node.getInputList().subList(FIRST_LAST, FIRST_TILE).forEach(rewritten::addInput);
        return rewritten
                .addInput(weight.name())
                .addAttribute(integer(LowBitWeight.COLUMNS, weight.columns()))
                .addAttribute(integer(LowBitWeight.BIAS, weight.hasBias() ? 1 : 0))
                .build();
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    /// Codes of tokens that are read by products of 4-bit weights alone may be packed.
    private static NodeProto marked(GraphProto graph, NodeProto node) {
        String codes = node.getOutput(0);
        boolean packs = graph.getNodeList().stream()
                .filter(reader -> reader.getInputList().contains(codes))
                .allMatch(reader -> reader.getOpType().equals(OnnxOp.LowBitMatMul.name())
                        && new NodeAttributes(reader).integer("bits", 4) <= 4);
        return packs
                ? node.toBuilder().addAttribute(integer(LowBitWeight.PACKED, 1)).build()
                : node;
    }
}
