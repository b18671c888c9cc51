package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;

/// Full-precision linears: F32 products with the weights of the checkpoint.
public final class FloatLinears implements LinearLayers {

    private final FloatWeights weights;

    /// @param weights canonical names, matrices `[out, in]`
    public FloatLinears(FloatWeights weights) {
        this.weights = weights;
    }

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        return new Plain(x);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        if (!(input instanceof Plain(Value x))) {
            throw new IllegalArgumentException("the activation of " + layer + " was prepared by other linears");
        }
        Value weight = graph.initializer(layer + ".weight", weights.transposed(layer + ".weight"));
        Value product = graph.op(OnnxOp.MatMul, x, weight);
        String bias = layer + ".bias";
        return weights.checkpoint().contains(bias)
                ? graph.op(OnnxOp.Add, product, graph.initializer(bias, weights.tensor(bias)))
                : product;
    }

    /// One layer whose input no other layer shares.
    ///
    /// @param x F32 `[..., in]`
    public Value linear(OnnxGraphBuilder graph, Value x, String layer) {
        return apply(graph, new Plain(x), layer);
    }

    private record Plain(Value x) implements Input {}
}
