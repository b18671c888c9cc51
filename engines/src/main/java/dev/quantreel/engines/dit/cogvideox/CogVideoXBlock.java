package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;
import java.util.Optional;

/// One transformer block of CogVideoX: clip and text go through the same attention and feed-forward network, but are
/// modulated each by its own vectors ("expert adaptive LayerNorm").
///
/// @param ops operations on the graph that receives the nodes
/// @param config sizes
/// @param weights norms
/// @param linears emits the linears
/// @param shared what all blocks of the graph have in common
record CogVideoXBlock(
        NeuralOps ops, CogVideoXConfig config, FloatWeights weights, LinearLayers linears, Shared shared) {

    private static final int VECTORS = 3;

    /// @param floats modulating projections, in full precision
    /// @param time SiLU of the timestep embedding, `[1, timeDim]`
    /// @param rope rotary positions of clip and text, where the model rotates
    record Shared(FloatLinears floats, Value time, Optional<Rope> rope) {}

    /// @param cos `[tokens + text, headDim / 2]`
    /// @param sin like `cos`
    record Rope(Value cos, Value sin) {}

    /// @param image `[branches, tokens, dim]`
    /// @param text `[branches, text, dim]`
    record Streams(Value image, Value text) {}

    /// Both streams after norm, shift and scale, one after the other.
    ///
    /// @param joined `[branches, tokens + text, dim]`
    /// @param gates of the change, `[1, 1, dim]` each
    private record Modulated(Value joined, Streams gates) {}

    /// @param name `transformer_blocks.i`
    Streams emit(String name, Streams streams) {
        Streams[] result = new Streams[1];
        graph().scope(name, () -> {
            Modulated first = modulated(name + ".norm1.", streams);
            Streams attended = gated(streams, attention(name + ".attn1.", first.joined), first.gates);
            Modulated second = modulated(name + ".norm2.", attended);
            result[0] = gated(attended, feedForward(name + ".ff.net.", second.joined), second.gates);
        });
        return result[0];
    }

    private Modulated modulated(String prefix, Streams streams) {
        Value scale = weight(prefix + "norm.weight");
        Value shift = weight(prefix + "norm.bias");
        List<Value> image = vectors(prefix + "image");
        List<Value> text = vectors(prefix + "text");
        Value a = ops.layerNorm(streams.image, scale, shift, CogVideoXConfig.EPSILON);
        Value b = ops.layerNorm(streams.text, scale, shift, CogVideoXConfig.EPSILON);
        Value joined = graph().op(
                        OnnxOp.Concat,
                        Attributes.of("axis", 1),
                        ops.modulate(a, image.get(0), image.get(1)),
                        ops.modulate(b, text.get(0), text.get(1)));
        return new Modulated(joined, new Streams(image.get(2), text.get(2)));
    }

    /// Shift, scale and gate.
    private List<Value> vectors(String layer) {
        Value row = shared.floats.linear(graph(), shared.time, layer);
        Value rows = graph().op(OnnxOp.Reshape, row, graph().longs(1, VECTORS, config.dim()));
        return graph().op(OnnxOp.Split, VECTORS, Attributes.of("axis", 1).and("num_outputs", VECTORS), rows);
    }

    /// Adds what belongs to each stream of a change of both.
    private Streams gated(Streams streams, Value change, Streams gates) {
        Value tokens = graph().op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), streams.image);
        Value axis = graph().longs(1);
        Value image = graph().op(OnnxOp.Slice, change, graph().longs(0), tokens, axis);
        Value text = graph().op(OnnxOp.Slice, change, tokens, graph().longs(Long.MAX_VALUE), axis);
        return new Streams(
                graph().op(OnnxOp.Add, streams.image, graph().op(OnnxOp.Mul, image, gates.image)),
                graph().op(OnnxOp.Add, streams.text, graph().op(OnnxOp.Mul, text, gates.text)));
    }

    private Value attention(String prefix, Value x) {
        LinearLayers.Input input =
                linears.prepare(graph(), x, List.of(prefix + "to_q", prefix + "to_k", prefix + "to_v"));
        Value q = rotated(normalized(prefix + "norm_q", linears.apply(graph(), input, prefix + "to_q")));
        Value k = rotated(normalized(prefix + "norm_k", linears.apply(graph(), input, prefix + "to_k")));
        Value v = linears.apply(graph(), input, prefix + "to_v");
        NeuralOps.Heads heads = new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
        return projected(prefix + "to_out.0", ops.attention(q, k, v, graph().none, heads));
    }

    private Value feedForward(String prefix, Value x) {
        LinearLayers.Input input = linears.prepare(graph(), x, List.of(prefix + "0.proj"));
        return projected(prefix + "2", ops.gelu(linears.apply(graph(), input, prefix + "0.proj")));
    }

    private Value projected(String layer, Value x) {
        return linears.apply(graph(), linears.prepare(graph(), x, List.of(layer)), layer);
    }

    /// LayerNorm of every head by itself.
    private Value normalized(String norm, Value x) {
        Value heads = graph().op(OnnxOp.Reshape, x, graph().longs(0, 0, config.heads(), config.headDim()));
        Value normalized =
                ops.layerNorm(heads, weight(norm + ".weight"), weight(norm + ".bias"), CogVideoXConfig.QK_EPSILON);
        return graph().op(OnnxOp.Reshape, normalized, graph().longs(0, 0, config.dim()));
    }

    private Value rotated(Value x) {
        return shared.rope
                .map(rope -> ops.rotate(x, rope.cos, rope.sin, config.heads()))
                .orElse(x);
    }

    private Value weight(String name) {
        return graph().initializer(name, weights.tensor(name));
    }

    private OnnxGraphBuilder graph() {
        return ops.graph();
    }
}
