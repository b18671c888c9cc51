package dev.quantreel.engines.dit.wan;

import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;
import java.util.function.UnaryOperator;

/// One transformer block of Wan: modulated self-attention with rotary positions, ungated cross-attention to the text,
/// modulated feed-forward network.
///
/// @param graph receives the nodes
/// @param config sizes
/// @param weights norms and modulation tables
/// @param linears emits the linears
/// @param axis branches of guidance, on `graph`
record WanBlock(OnnxGraphBuilder graph, WanConfig config, FloatWeights weights, LinearLayers linears, BranchAxis axis) {

    /// @param cos `[tokens, headDim / 2]`
    /// @param sin like `cos`
    record Rope(Value cos, Value sin) {}

    /// @param name `blocks.i`
    /// @param z `[branches, tokens, dim]`
    /// @param projection the step's modulation, `[timesteps, 6, dim]`
    /// @param contexts the text, and the image's features where the model reads them; each of every branch
    /// @return `[branches, tokens, dim]`
    Value emit(String name, Value z, Value projection, Rope rope, List<List<BranchAxis.Context>> contexts) {
        Value[] result = new Value[1];
        graph.scope(name, () -> {
            Value table = weight(name + ".modulation");
            List<Value> m = graph.op(
                    OnnxOp.Split,
                    6,
                    Attributes.of("axis", 1).and("num_outputs", 6),
                    graph.op(OnnxOp.Add, table, projection));
            Value attended =
                    gated(z, selfAttention(name + ".self_attn.", modulated(z, m.get(0), m.get(1)), rope), m.get(2));
            Value informed = graph.op(OnnxOp.Add, attended, crossAttention(name, attended, contexts));
            Value fed = feedForward(name + ".ffn.", modulated(informed, m.get(3), m.get(4)));
            result[0] = gated(informed, fed, m.get(5));
        });
        return result[0];
    }

    private Value selfAttention(String prefix, Value x, Rope rope) {
        LinearLayers.Input input = linears.prepare(graph, x, List.of(prefix + "q", prefix + "k", prefix + "v"));
        Value q = rotated(prefix + "norm_q", linears.apply(graph, input, prefix + "q"), rope);
        Value k = rotated(prefix + "norm_k", linears.apply(graph, input, prefix + "k"), rope);
        Value v = linears.apply(graph, input, prefix + "v");
        return projected(prefix + "o", ops().attention(q, k, v, graph.none, heads()));
    }

    /// The query asks the text and the image each by a softmax of its own.
    private Value crossAttention(String block, Value z, List<List<BranchAxis.Context>> contexts) {
        String prefix = block + ".cross_attn.";
        Value x = ops().layerNorm(z, weight(block + ".norm3.weight"), weight(block + ".norm3.bias"), WanConfig.EPSILON);
        LinearLayers.Input input = linears.prepare(graph, x, List.of(prefix + "q"));
        Value q = normalized(prefix + "norm_q", linears.apply(graph, input, prefix + "q"));
        Value mixed = contexts.stream()
                .map(context -> axis.attention(q, context, heads()))
                .reduce((a, b) -> graph.op(OnnxOp.Add, a, b))
                .orElseThrow();
        return projected(prefix + "o", mixed);
    }

    private Value feedForward(String prefix, Value x) {
        LinearLayers.Input input = linears.prepare(graph, x, List.of(prefix + "0"));
        return projected(prefix + "2", ops().gelu(linears.apply(graph, input, prefix + "0")));
    }

    private Value projected(String layer, Value x) {
        return linears.apply(graph, linears.prepare(graph, x, List.of(layer)), layer);
    }

    private Value rotated(String norm, Value x, Rope rope) {
        return ops().rotate(normalized(norm, x), rope.cos, rope.sin, config.heads());
    }

    private Value normalized(String norm, Value x) {
        return ops().rmsNorm(x, weight(norm + ".weight"), WanConfig.EPSILON);
    }

    private Value modulated(Value z, Value shift, Value scale) {
        return byFrame(
                shift, ops().layerNorm(z, config.dim(), WanConfig.EPSILON), x -> ops().modulate(x, shift, scale));
    }

    private Value gated(Value z, Value change, Value gate) {
        return graph.op(OnnxOp.Add, z, byFrame(gate, change, x -> graph.op(OnnxOp.Mul, x, gate)));
    }

    private Value byFrame(Value vectors, Value x, UnaryOperator<Value> change) {
        return config.timestepPerFrame() ? ops().perTimestep(vectors, x, change) : change.apply(x);
    }

    private NeuralOps.Heads heads() {
        return new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
    }

    private NeuralOps ops() {
        return axis.ops();
    }

    private Value weight(String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
