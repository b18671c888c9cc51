package dev.quantreel.engines.runtime;

import static dev.quantreel.engines.tensor.DType.BOOL;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/// A graph under construction together with the inputs it will be given.
final class OperatorSketch {
    final OnnxGraphBuilder graph;
    final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final Random random;

    OperatorSketch(String name) {
        this.graph = OnnxGraphBuilder.create(name);
        this.random = new Random(name.hashCode());
    }

    Value floats(long... dims) {
        return input(EngineContractTest.random(random.nextLong(), dims));
    }

    Value positive(long... dims) {
        float[] values = EngineContractTest.random(random.nextLong(), dims).toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.1f + Math.abs(values[i]);
        }
        return input(Tensor.of(Shape.of(dims), values));
    }

    Value bytes(DType dtype, long... dims) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(dims));
        byte[] values = new byte[(int) tensor.elements()];
        random.nextBytes(values);
        tensor.data().asByteBuffer().put(values);
        return input(tensor);
    }

    Value flags(long... dims) {
        Tensor tensor = Tensor.zeros(BOOL, Shape.of(dims));
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.data().asByteBuffer().put(i, (byte) random.nextInt(2));
        }
        return input(tensor);
    }

    Value input(Tensor tensor) {
        String name = "x" + inputs.size();
        inputs.put(name, tensor);
        Dim[] dims = tensor.shape().toList().stream().map(Dim::of).toArray(Dim[]::new);
        return graph.input(name, tensor.dtype(), dims);
    }

    Value op(OnnxOp op, Attributes attributes, Value... operands) {
        return graph.op(op, attributes, operands);
    }

    void out(String name, Value value, DType dtype, int rank) {
        Dim[] dims = new Dim[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = Dim.of(name + i);
        }
        graph.output(name, value, dtype, dims);
    }

    /// One graph of one output `y`.
    static OperatorCase of(OnnxOp op, String name, DType dtype, int rank, Function<OperatorSketch, Value> body) {
        OperatorSketch sketch = new OperatorSketch(op + "-" + name.replace(' ', '-'));
        sketch.out("y", body.apply(sketch), dtype, rank);
        return new OperatorCase(op, name, sketch.graph, sketch.inputs);
    }
}
