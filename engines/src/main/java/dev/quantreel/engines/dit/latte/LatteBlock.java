package dev.quantreel.engines.dit.latte;

import dev.quantreel.engines.dit.AdaLnSingle;
import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import java.util.List;
import java.util.function.UnaryOperator;

/// The two kinds of transformer blocks of Latte: spatial ones, in which the cells of each frame attend to each other
/// and to the text, and temporal ones, in which each cell attends to itself in all frames. Both are modulated, with a
/// feed-forward network behind.
///
/// @param axis branches of guidance, on the graph that receives the nodes
/// @param config sizes
/// @param linears emits the linears
record LatteBlock(BranchAxis axis, LatteConfig config, LinearLayers linears) {

    /// What goes into a block.
    ///
    /// @param z `[branches, tokens, dim]`
    /// @param modulated `z` after norm, shift and scale of the attention
    /// @param modulation six vectors `[1, 1, dim]`, see [AdaLnSingle]
    record Tokens(Value z, Value modulated, List<Value> modulation) {}

    /// Norm, shift and scale before the self-attention.
    Value modulatedInput(Value z, List<Value> modulation) {
        return modulated(z, modulation.get(0), modulation.get(1));
    }

    /// Keys and values of the text, which only the prompt decides.
    ///
    /// @param name of a spatial block
    /// @param text `[1, text, dim]`
    BranchAxis.Context context(String name, Value text) {
        String prefix = name + ".attn2.";
        LinearLayers.Input input = linears.prepare(graph(), text, List.of(prefix + "to_k", prefix + "to_v"));
        return new BranchAxis.Context(
                linears.apply(graph(), input, prefix + "to_k"), linears.apply(graph(), input, prefix + "to_v"));
    }

    /// @param contexts the text of every branch
    /// @return `[branches, tokens, dim]`
    Value spatial(String name, Tokens tokens, LatteClip clip, List<BranchAxis.Context> contexts) {
        Value[] result = new Value[1];
        graph().scope(name, () -> {
            Value attended = attended(name, tokens, clip::frames, clip::tokens);
            Value informed = graph().op(OnnxOp.Add, attended, crossAttention(name + ".attn2.", attended, contexts));
            result[0] = fed(name, informed, tokens.modulation);
        });
        return result[0];
    }

    /// @return `[branches, tokens, dim]`
    Value temporal(String name, Tokens tokens, LatteClip clip) {
        Value[] result = new Value[1];
        graph().scope(
                        name,
                        () -> result[0] =
                                fed(name, attended(name, tokens, clip::cells, clip::tokensOfCells), tokens.modulation));
        return result[0];
    }

    /// Self-attention among the tokens of each row of a batch.
    ///
    /// @param apart brings `[branches, tokens, dim]` into the batch
    /// @param together brings what `apart` made back to the order of tokens
    private Value attended(String name, Tokens tokens, UnaryOperator<Value> apart, UnaryOperator<Value> together) {
        String prefix = name + ".attn1.";
        LinearLayers.Input input =
                linears.prepare(graph(), tokens.modulated, List.of(prefix + "to_q", prefix + "to_k", prefix + "to_v"));
        Value q = apart.apply(linears.apply(graph(), input, prefix + "to_q"));
        Value k = apart.apply(linears.apply(graph(), input, prefix + "to_k"));
        Value v = apart.apply(linears.apply(graph(), input, prefix + "to_v"));
        Value mixed = together.apply(ops().attention(q, k, v, graph().none, heads()));
        return gated(tokens.z, projected(prefix + "to_out.0", mixed), tokens.modulation.get(2));
    }

    private Value crossAttention(String prefix, Value z, List<BranchAxis.Context> contexts) {
        LinearLayers.Input input = linears.prepare(graph(), z, List.of(prefix + "to_q"));
        Value q = linears.apply(graph(), input, prefix + "to_q");
        return projected(prefix + "to_out.0", axis.attention(q, contexts, heads()));
    }

    private Value fed(String name, Value z, List<Value> m) {
        String prefix = name + ".ff.net.";
        LinearLayers.Input input =
                linears.prepare(graph(), modulated(z, m.get(3), m.get(4)), List.of(prefix + "0.proj"));
        Value hidden = ops().gelu(linears.apply(graph(), input, prefix + "0.proj"));
        return gated(z, projected(prefix + "2", hidden), m.get(5));
    }

    private Value projected(String layer, Value x) {
        return linears.apply(graph(), linears.prepare(graph(), x, List.of(layer)), layer);
    }

    private Value modulated(Value z, Value shift, Value scale) {
        return ops().modulate(ops().layerNorm(z, config.dim(), AdaLnSingle.EPSILON), shift, scale);
    }

    private Value gated(Value z, Value change, Value gate) {
        return graph().op(OnnxOp.Add, z, graph().op(OnnxOp.Mul, change, gate));
    }

    private NeuralOps.Heads heads() {
        return new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
    }

    private NeuralOps ops() {
        return axis.ops();
    }

    private OnnxGraphBuilder graph() {
        return ops().graph();
    }
}
