package dev.quantreel.engines.runtime;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto.Dimension;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// What a graph declares about its inputs, checked before an engine runs it so that every engine reports the same.
/// Immutable.
public final class SessionInputs {

    private final String engine;
    private final String model;
    private final List<ValueInfoProto> declared;

    public SessionInputs(String engine, GraphProto graph) {
        this.engine = engine;
        this.model = graph.getName();
        this.declared = graph.getInputList();
    }

    /// Names in graph order.
    public List<String> names() {
        return declared.stream().map(ValueInfoProto::getName).toList();
    }

    /// @throws EngineException when an input is missing, unknown, or of another type or shape than declared; extents
    /// that share a symbol must be equal
    ///
    /// @return the inputs in graph order
    public SequencedMap<String, Tensor> check(Map<String, Tensor> inputs) {
        SequencedMap<String, Tensor> ordered = new LinkedHashMap<>();
        Map<String, Long> symbols = new HashMap<>();
        for (ValueInfoProto input : declared) {
            Tensor tensor = inputs.get(input.getName());
            if (tensor == null) {
                throw failure("input " + input.getName() + " is missing; it takes " + describe(input));
            }
            ordered.put(input.getName(), tensor);
            DType dtype = OnnxTypes.dtype(input.getType().getTensorType().getElemType());
            if (tensor.dtype() != dtype || !fits(input, tensor, symbols)) {
                throw failure("input " + input.getName() + " is " + tensor.dtype() + tensor.shape() + "; it takes "
                        + describe(input) + (symbols.isEmpty() ? "" : " where " + symbols));
            }
        }
        for (String name : inputs.keySet()) {
            if (!ordered.containsKey(name)) {
                throw failure("there is no input " + name + "; the inputs are " + names());
            }
        }
        return ordered;
    }

    private static boolean fits(ValueInfoProto input, Tensor tensor, Map<String, Long> symbols) {
        if (!input.getType().getTensorType().hasShape()) {
            return true;
        }
        List<Dimension> dims = input.getType().getTensorType().getShape().getDimList();
        if (dims.size() != tensor.shape().rank()) {
            return false;
        }
        for (int axis = 0; axis < dims.size(); axis++) {
            Dimension dim = dims.get(axis);
            long extent = tensor.shape().dim(axis);
            long expected = dim.hasDimParam()
                    ? symbols.computeIfAbsent(dim.getDimParam(), symbol -> extent)
                    : dim.getDimValue();
            if (extent != expected) {
                return false;
            }
        }
        return true;
    }

    private static String describe(ValueInfoProto input) {
        if (!input.getType().getTensorType().hasShape()) {
            return OnnxTypes.dtype(input.getType().getTensorType().getElemType()) + " of any shape";
        }
        return OnnxTypes.dtype(input.getType().getTensorType().getElemType())
                + input.getType().getTensorType().getShape().getDimList().stream()
                        .map(dim -> dim.hasDimParam() ? dim.getDimParam() : Long.toString(dim.getDimValue()))
                        .collect(Collectors.joining("x", "[", "]"));
    }

    private EngineException failure(String message) {
        return new EngineException(engine, model + ": " + message, null);
    }
}
