package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Value;
import java.util.List;

/// A double-stream block: picture and text attend to each other, but are normalized, projected and fed forward by
/// weights of their own.
///
/// @param ops on the trunk
/// @param linears emits the linears
/// @param attended the attention of picture and text together
record DoubleBlock(HunyuanOps ops, LinearLayers linears, Attended attended) {

    /// @param image tokens of the picture, `[branches, tokens, dim]`
    /// @param text tokens of the text, `[branches, text, dim]`
    record Streams(Value image, Value text) {}

    /// @param cos `[tokens + text, headDim / 2]`; text is not rotated, its angles are 0
    /// @param sin like `cos`
    record Rope(Value cos, Value sin) {}

    /// Modulation vectors of both streams, `[1, 6 * dim]`, or `[branches, 1, 6 * dim]` of several branches.
    record Modulations(Value image, Value text) {}

    private record Attention(Value q, Value k, Value v) {}

    /// @param name `double_blocks.i`
    Streams emit(String name, Streams streams, Modulations modulations, Rope rope) {
        List<Value> image = ops.parts(modulations.image, 6);
        List<Value> text = ops.parts(modulations.text, 6);
        Value tokens = ops.count(streams.image);
        Attention ofImage = attention(name + ".img_attn.", ops.modulated(streams.image, image.get(0), image.get(1)));
        Attention ofText = attention(name + ".txt_attn.", ops.modulated(streams.text, text.get(0), text.get(1)));
        Value q = rotated(ops.joined(ofImage.q, ofText.q), rope);
        Value k = rotated(ops.joined(ofImage.k, ofText.k), rope);
        Value mixed = attended.attention(q, k, ops.joined(ofImage.v, ofText.v));
        return new Streams(
                stream(name + ".img_", streams.image, ops.first(mixed, tokens), image),
                stream(name + ".txt_", streams.text, ops.rest(mixed, tokens), text));
    }

    private Attention attention(String prefix, Value x) {
        LinearLayers.Input input = linears.prepare(ops.graph(), x, List.of(prefix + "q", prefix + "k", prefix + "v"));
        return new Attention(
                ops.headNorm(linears.apply(ops.graph(), input, prefix + "q"), prefix + "norm.query_norm"),
                ops.headNorm(linears.apply(ops.graph(), input, prefix + "k"), prefix + "norm.key_norm"),
                linears.apply(ops.graph(), input, prefix + "v"));
    }

    private Value rotated(Value x, Rope rope) {
        return ops.neural().rotate(x, rope.cos, rope.sin, ops.config().heads());
    }

    /// What follows the attention in one stream.
    private Value stream(String prefix, Value x, Value mixed, List<Value> modulation) {
        Value attended = ops.gated(x, projected(prefix + "attn.proj", mixed), modulation.get(2));
        Value modulated = ops.modulated(attended, modulation.get(3), modulation.get(4));
        Value hidden = ops.neural().gelu(projected(prefix + "mlp.0", modulated));
        return ops.gated(attended, projected(prefix + "mlp.2", hidden), modulation.get(5));
    }

    private Value projected(String layer, Value x) {
        return linears.apply(ops.graph(), linears.prepare(ops.graph(), x, List.of(layer)), layer);
    }
}
