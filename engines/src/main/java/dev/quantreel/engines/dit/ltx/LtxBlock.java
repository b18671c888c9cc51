package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.AdaLnSingle;
import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;

/// One transformer block of LTX-Video: modulated self-attention with rotary positions, ungated cross-attention whose
/// queries are not normalized before, modulated feed-forward network.
///
/// @param axis branches of guidance, on the graph that receives the nodes
/// @param config sizes
/// @param weights norms
/// @param linears emits the linears
record LtxBlock(BranchAxis axis, LtxConfig config, FloatWeights weights, LinearLayers linears) {

    /// @param cos `[tokens * heads, headDim / 2]`
    /// @param sin like `cos`
    record Rope(Value cos, Value sin) {}

    /// What goes into a block.
    ///
    /// @param z `[branches, tokens, dim]`
    /// @param modulated `z` after norm, shift and scale of the attention
    /// @param modulation six vectors `[timesteps, 1, dim]`, see [AdaLnSingle]
    record Tokens(Value z, Value modulated, List<Value> modulation) {}

    /// Norm, shift and scale before the self-attention.
    Value modulatedInput(Value z, List<Value> modulation) {
        return modulated(z, modulation.get(0), modulation.get(1));
    }

    /// Keys and values of the text, which only the prompt decides.
    ///
    /// @param name `transformer_blocks.i`
    /// @param text `[1, text, dim]`
    BranchAxis.Context context(String name, Value text) {
        String prefix = name + ".attn2.";
        LinearLayers.Input input = linears.prepare(graph(), text, List.of(prefix + "to_k", prefix + "to_v"));
        return new BranchAxis.Context(
                normalized(prefix + "k_norm", linears.apply(graph(), input, prefix + "to_k")),
                linears.apply(graph(), input, prefix + "to_v"));
    }

    /// @param name `transformer_blocks.i`
    /// @param contexts the text of every branch: keys, normalized, and values
    /// @return `[branches, tokens, dim]`
    Value emit(String name, Tokens tokens, Rope rope, List<BranchAxis.Context> contexts) {
        Value[] result = new Value[1];
        graph().scope(name, () -> {
            List<Value> m = tokens.modulation;
            Value attended = gated(tokens.z, selfAttention(name + ".attn1.", tokens.modulated, rope), m.get(2));
            Value informed = graph().op(OnnxOp.Add, attended, crossAttention(name + ".attn2.", attended, contexts));
            Value fed = feedForward(name + ".ff.net.", modulated(informed, m.get(3), m.get(4)));
            result[0] = gated(informed, fed, m.get(5));
        });
        return result[0];
    }

    private Value selfAttention(String prefix, Value x, Rope rope) {
        LinearLayers.Input input =
                linears.prepare(graph(), x, List.of(prefix + "to_q", prefix + "to_k", prefix + "to_v"));
        Value q = rotated(normalized(prefix + "q_norm", linears.apply(graph(), input, prefix + "to_q")), rope);
        Value k = rotated(normalized(prefix + "k_norm", linears.apply(graph(), input, prefix + "to_k")), rope);
        Value v = linears.apply(graph(), input, prefix + "to_v");
        return projected(prefix + "to_out.0", ops().attention(q, k, v, graph().none, heads()));
    }

    private Value crossAttention(String prefix, Value z, List<BranchAxis.Context> contexts) {
        LinearLayers.Input input = linears.prepare(graph(), z, List.of(prefix + "to_q"));
        Value q = normalized(prefix + "q_norm", linears.apply(graph(), input, prefix + "to_q"));
        return projected(prefix + "to_out.0", axis.attention(q, contexts, heads()));
    }

    private Value feedForward(String prefix, Value x) {
        LinearLayers.Input input = linears.prepare(graph(), x, List.of(prefix + "0.proj"));
        return projected(prefix + "2", ops().gelu(linears.apply(graph(), input, prefix + "0.proj")));
    }

    private Value projected(String layer, Value x) {
        return linears.apply(graph(), linears.prepare(graph(), x, List.of(layer)), layer);
    }

    /// The angles differ from head to head, so that each head of a token is rotated as a token of its own.
    private Value rotated(Value x, Rope rope) {
        Value rows = graph().op(OnnxOp.Reshape, x, graph().longs(0, -1, config.headDim()));
        Value rotated = ops().rotate(rows, rope.cos, rope.sin, 1);
        return graph().op(OnnxOp.Reshape, rotated, graph().longs(0, -1, config.dim()));
    }

    private Value normalized(String norm, Value x) {
        return ops().rmsNorm(x, weight(norm + ".weight"), LtxConfig.QK_EPSILON);
    }

    private Value modulated(Value z, Value shift, Value scale) {
        Value normal = ops().rmsNorm(z, config.dim(), AdaLnSingle.EPSILON);
        return ops().perTimestep(shift, normal, x -> ops().modulate(x, shift, scale));
    }

    private Value gated(Value z, Value change, Value gate) {
        return graph().op(OnnxOp.Add, z, ops().perTimestep(gate, change, x -> graph().op(OnnxOp.Mul, x, gate)));
    }

    private NeuralOps.Heads heads() {
        return new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
    }

    private Value weight(String name) {
        return graph().initializer(name, weights.tensor(name));
    }

    private NeuralOps ops() {
        return axis.ops();
    }

    private OnnxGraphBuilder graph() {
        return ops().graph();
    }
}
