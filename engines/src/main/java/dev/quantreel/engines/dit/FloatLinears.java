package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.Widening;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;

/// Full-precision linears: F32 products with the weights of the checkpoint.
///
/// Large weights are streamed as the checkpoint stores them, `[out, in]` in F32, F16 or BF16: a mapped file is their
/// only place, and narrow ones are widened one matrix at a time. Small ones are handed over transposed, so that the
/// engine packs them.
public final class FloatLinears implements LinearLayers {

    private static final long STREAMED_FROM = WeightEmitter.STREAMED_FROM;

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
        Value x = plain(input, layer).x;
        Value product = graph.op(OnnxOp.MatMul, x, weight(graph, layer + ".weight", x));
        String bias = layer + ".bias";
        return weights.checkpoint().contains(bias)
                ? graph.op(OnnxOp.Add, product, graph.initializer(bias, weights.tensor(bias)))
                : product;
    }

    /// F32 `[in, out]`. ONNX Runtime fuses the transposition into the product.
    private Value weight(OnnxGraphBuilder graph, String name, Value x) {
        return isStreamed(name)
                ? graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), streamed(graph, name, x))
                : graph.initializer(name, weights.transposed(name));
    }

    private boolean isStreamed(String name) {
        return weights.checkpoint().shape(name).elements() >= STREAMED_FROM;
    }

    private Value streamed(OnnxGraphBuilder graph, String name, Value x) {
        Tensor stored = weights.stored(name);
        Value streamed = graph.streamed(name, stored);
        return stored.dtype() == DType.F32 ? streamed : Widening.after(graph, x).floats(streamed);
    }

    /// The weight of a layer that is applied by nobody else.
    ///
    /// @param x what it will be multiplied with, before which it is not widened
    /// @return F32 `[out, in]`
    Value matrix(OnnxGraphBuilder graph, String layer, Value x) {
        String name = layer + ".weight";
        return isStreamed(name) ? streamed(graph, name, x) : graph.initializer(name, weights.tensor(name));
    }

    @Override
    public Value operand(Input input, String layer) {
        return plain(input, layer).x;
    }

    private static Plain plain(Input input, String layer) {
        if (input instanceof Plain plain) {
            return plain;
        }
        throw new IllegalArgumentException("the activation of " + layer + " was prepared by other linears");
    }

    /// One layer whose input no other layer shares.
    ///
    /// @param x F32 `[..., in]`
    public Value linear(OnnxGraphBuilder graph, Value x, String layer) {
        return apply(graph, new Plain(x), layer);
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        return linear(graph, x, layer);
    }

    private record Plain(Value x) implements Input {}
}
