package dev.quantreel.engines.onnx;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Checks that a model is well formed: single assignment, everything defined before it is read, every weight
/// present with its declared type and size.
public final class OnnxValidation {

    private OnnxValidation() {}

    /// @throws IllegalArgumentException naming the model, the node or weight, and what is wrong
    public static void check(OnnxModel model) {
        check(model.name(), model.proto().getGraph(), model.weights(), Set.of());
    }

    private static void check(String model, GraphProto graph, Map<String, Tensor> weights, Set<String> outer) {
        Set<String> known = new HashSet<>(outer);
        for (ValueInfoProto input : graph.getInputList()) {
            define(model, known, input.getName());
        }
        for (TensorProto initializer : graph.getInitializerList()) {
            define(model, known, initializer.getName());
            checkInitializer(model, initializer, weights);
        }
        for (NodeProto node : graph.getNodeList()) {
            for (String input : node.getInputList()) {
                if (!input.isEmpty() && !known.contains(input)) {
                    throw new IllegalArgumentException(model + ": node " + node.getName() + " reads " + input
                            + ", which nothing before it defines");
                }
            }
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasG()) {
                    check(model, attribute.getG(), weights, known);
                }
            }
            for (String output : node.getOutputList()) {
                define(model, known, output);
            }
        }
        for (ValueInfoProto output : graph.getOutputList()) {
            if (!known.contains(output.getName())) {
                throw new IllegalArgumentException(model + ": output " + output.getName() + " is not defined");
            }
        }
    }

    private static void define(String model, Set<String> known, String name) {
        if (!name.isEmpty() && !known.add(name)) {
            throw new IllegalArgumentException(model + ": " + name + " is defined twice");
        }
    }

    private static void checkInitializer(String model, TensorProto initializer, Map<String, Tensor> weights) {
        long elements = initializer.getDimsList().stream().reduce(1L, Math::multiplyExact);
        long expected = OnnxTypes.dtype(initializer.getDataType()).byteSize(elements);
        boolean external = initializer.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
        Tensor weight = weights.get(initializer.getName());
        if (external && weight == null) {
            throw new IllegalArgumentException(model + ": weight " + initializer.getName() + " has no data");
        }
        long actual =
                weight == null ? initializer.getRawData().size() : weight.data().byteSize();
        if (actual != expected) {
            throw new IllegalArgumentException(model + ": weight " + initializer.getName() + " has " + actual
                    + " bytes, its type and shape need " + expected);
        }
    }
}
