package dev.quantreel.engines.onnx;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Widens streamed weights ([OnnxGraphBuilder#streamed]) to F32, each just before its product.
///
/// Widening depends on nothing but the weight; ONNX Runtime would widen all weights before the first product and keep
/// them. So a weight is reshaped to its own shape, `[0, -1]`, where the 0 is computed from the extent of an activation.
///
/// @param graph that holds the weights
/// @param shape I64 `[2]`: 0 and -1
public record Widening(OnnxGraphBuilder graph, Value shape) {

    /// @param x F32 `[..., in]`, known when the product can begin
    public static Widening after(OnnxGraphBuilder graph, Value x) {
        Value extent = graph.op(OnnxOp.Shape, Attributes.of("start", -2).and("end", -1), x);
        Value zero = graph.constant(Tensor.ofLongs(Shape.of(), 0));
        Value shape = graph.op(
                OnnxOp.Concat, Attributes.of("axis", 0), graph.op(OnnxOp.Clip, extent, zero, zero), graph.longs(-1));
        return new Widening(graph, shape);
    }

    /// @param weight a matrix, F16 or BF16
    /// @return F32 of the same shape
    public Value floats(Value weight) {
        Value same = graph.op(OnnxOp.Reshape, weight, shape);
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), same);
    }
}
