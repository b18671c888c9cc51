package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;

/// Linears as the checkpoint holds them: weights keep their type in the graph and are widened to F32 by the engine.
public final class FullPrecisionLinears implements LinearLayers {

    private final Checkpoint checkpoint;

    /// @param checkpoint holds `<layer>.weight` `[out, in]` and, where there is one, `<layer>.bias` `[out]`
    public FullPrecisionLinears(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /// The activation, untouched.
    private record Raw(Value x) implements Input {}

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        return new Raw(x);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        if (!(input instanceof Raw(Value x))) {
            throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
        }
        Tensor weight = checkpoint.tensor(layer + ".weight");
        Value matrix = widened(graph, graph.initializer(layer + ".weight", weight), weight.dtype());
        Value transposed = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), matrix);
        return withBias(graph, graph.op(OnnxOp.MatMul, x, transposed), layer);
    }

    /// Adds the bias of `layer` where the checkpoint has one.
    Value withBias(OnnxGraphBuilder graph, Value product, String layer) {
        String name = layer + ".bias";
        if (!checkpoint.contains(name)) {
            return product;
        }
        Tensor bias = checkpoint.tensor(name);
        return graph.op(OnnxOp.Add, product, widened(graph, graph.initializer(name, bias), bias.dtype()));
    }

    private static Value widened(OnnxGraphBuilder graph, Value value, DType dtype) {
        return dtype == DType.F32
                ? value
                : graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), value);
    }
}
