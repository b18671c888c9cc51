package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.cuda.plan.BlockScope;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Inputs that say how many bits activations have: scalars that the quantization of tokens alone reads and that
/// its kernel takes by value. A plan holds for all of them, so that a schedule of bits, by step or by block,
/// needs one plan.
///
/// @param names of such inputs
/// @param packing those among them that decide whether codes lie packed, up to [#PACKED_MAX], which a plan knows
record LateScalars(Set<String> names, Set<String> packing) {

    /// Largest code of four bits.
    static final int PACKED_MAX = 7;

    private static final int MAX = 1;
    private static final int CLIP = 2;

    LateScalars {
        names = Set.copyOf(names);
        packing = Set.copyOf(packing);
    }

    /// Finds them in a graph as the device takes it.
    static LateScalars of(GraphProto graph) {
        Set<String> scalars = new HashSet<>();
        Set<String> packing = new HashSet<>();
        Set<String> others = new HashSet<>();
        outputs(graph, others);
        BlockScope.walk(graph, (node, block) -> {
            boolean quantizes = node.getOpType().equals(OnnxOp.RotateQuantize.name());
            for (int i = 0; i < node.getInputCount(); i++) {
                (quantizes && (i == MAX || i == CLIP) ? scalars : others).add(node.getInput(i));
            }
            if (quantizes && canPack(new NodeAttributes(node))) {
                packing.add(node.getInput(MAX));
            }
            node.getAttributeList().stream()
                    .filter(AttributeProto::hasG)
                    .forEach(attribute -> outputs(attribute.getG(), others));
        });
        Set<String> names = graph.getInputList().stream()
                .filter(input -> input.getType().getTensorType().getElemType() == OnnxTypes.code(DType.F32))
                .map(ValueInfoProto::getName)
                .filter(name -> scalars.contains(name) && !others.contains(name))
                .collect(Collectors.toSet());
        packing.retainAll(names);
        return new LateScalars(names, packing);
    }

    private static void outputs(GraphProto graph, Set<String> names) {
        graph.getOutputList().forEach(output -> names.add(output.getName()));
    }

    private static boolean canPack(NodeAttributes attributes) {
        String mode = attributes.text("mode", "");
        return attributes.integer(LowBitWeight.PACKED, 0) == 1 && !mode.equals("block") && !mode.equals("auto");
    }

    /// Own memory for the values of a plan.
    Map<String, Tensor> copies(Map<String, Tensor> inputs) {
        Map<String, Tensor> copies = new HashMap<>();
        names.forEach(name -> copies.put(name, Tensor.scalar(value(inputs, name))));
        return copies;
    }

    /// What of them a plan depends on: by name whether codes can be packed.
    Map<String, Boolean> classes(Map<String, Tensor> inputs) {
        Map<String, Boolean> classes = new TreeMap<>();
        packing.forEach(name -> classes.put(name, value(inputs, name) <= PACKED_MAX));
        return classes;
    }

    private static float value(Map<String, Tensor> inputs, String name) {
        return Objects.requireNonNull(inputs.get(name), name).data().get(Tensor.FLOAT, 0);
    }
}
