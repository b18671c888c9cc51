package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;

/// The operations that HunyuanVideo's graphs are made of, on one graph.
///
/// @param graph receives the nodes
/// @param neural compound operations on `graph`
/// @param config sizes
/// @param weights by canonical names
record HunyuanOps(OnnxGraphBuilder graph, NeuralOps neural, HunyuanConfig config, FloatWeights weights) {

    static HunyuanOps on(OnnxGraphBuilder graph, Dialect dialect, HunyuanConfig config, FloatWeights weights) {
        return new HunyuanOps(graph, new NeuralOps(graph, dialect), config, weights);
    }

    Value add(Value a, Value b) {
        return graph.op(OnnxOp.Add, a, b);
    }

    /// One after the other, `[1, a + b, dim]`.
    Value joined(Value... sequences) {
        return graph.op(OnnxOp.Concat, Attributes.of("axis", 1), sequences);
    }

    /// The first `count` tokens.
    Value first(Value x, Value count) {
        return graph.op(OnnxOp.Slice, x, graph.longs(0), count, graph.longs(1));
    }

    /// The tokens after the first `count`.
    Value rest(Value x, Value count) {
        return graph.op(OnnxOp.Slice, x, count, graph.longs(Integer.MAX_VALUE), graph.longs(1));
    }

    /// I64 `[1]`: how many tokens there are.
    Value count(Value x) {
        return graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), x);
    }

    /// A linear in full precision.
    Value linear(Value x, String layer) {
        return new FloatLinears(weights).linear(graph, x, layer);
    }

    /// Two linears with SiLU between them.
    Value embedder(Value x, String name) {
        return linear(neural.silu(linear(x, name + ".in_layer")), name + ".out_layer");
    }

    /// Equal parts of modulation vectors `[1, parts * dim]`.
    List<Value> parts(Value vectors, int parts) {
        return graph.op(OnnxOp.Split, parts, Attributes.of("axis", -1).and("num_outputs", parts), vectors);
    }

    /// LayerNorm with nothing learned, then scale and shift.
    Value modulated(Value x, Value shift, Value scale) {
        return neural.modulate(neural.layerNorm(x, config.dim(), HunyuanConfig.EPSILON), shift, scale);
    }

    /// LayerNorm with learned scale and shift.
    Value norm(Value x, String layer, float epsilon) {
        return neural.layerNorm(x, weight(layer + ".weight"), weight(layer + ".bias"), epsilon);
    }

    /// `x + change * gate`.
    Value gated(Value x, Value change, Value gate) {
        return add(x, graph.op(OnnxOp.Mul, change, gate));
    }

    /// RMSNorm of every head by itself.
    ///
    /// @param x `[1, tokens, dim]`
    Value headNorm(Value x, String norm) {
        Value heads = graph.op(OnnxOp.Reshape, x, graph.longs(0, 0, config.heads(), config.headDim()));
        Value normalized = neural.rmsNorm(heads, weight(norm + ".scale"), HunyuanConfig.EPSILON);
        return graph.op(OnnxOp.Reshape, normalized, graph.longs(0, 0, config.dim()));
    }

    Value attention(Value q, Value k, Value v) {
        return neural.attention(q, k, v, graph.none, heads());
    }

    NeuralOps.Heads heads() {
        return new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
    }

    Value weight(String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
