package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Value;
import java.util.List;

/// A single-stream block: picture and text lie in one sequence and share all weights; attention and feed-forward
/// network run side by side. The fused matrix behind them is applied by parts, since attention output and GELU output
/// are distributed so differently that they need scales of their own when quantized.
///
/// @param ops on the trunk
/// @param linears emits the linears
/// @param attended the attention of picture and text together
record SingleBlock(HunyuanOps ops, LinearLayers linears, Attended attended) {

    /// @param name `single_blocks.i`
    /// @param z `[branches, tokens + text, dim]`
    /// @param modulation `[1, 3 * dim]`, or `[branches, 1, 3 * dim]` of several branches
    Value emit(String name, Value z, Value modulation, DoubleBlock.Rope rope) {
        List<Value> parts = ops.parts(modulation, 3);
        String in = name + ".linear1.";
        LinearLayers.Input input = linears.prepare(
                ops.graph(),
                ops.modulated(z, parts.get(0), parts.get(1)),
                List.of(in + "q", in + "k", in + "v", in + "mlp"));
        Value q = rotated(name + ".norm.query_norm", linears.apply(ops.graph(), input, in + "q"), rope);
        Value k = rotated(name + ".norm.key_norm", linears.apply(ops.graph(), input, in + "k"), rope);
        Value mixed = attended.attention(q, k, linears.apply(ops.graph(), input, in + "v"));
        Value hidden = ops.neural().gelu(linears.apply(ops.graph(), input, in + "mlp"));
        Value change = ops.add(projected(name + ".linear2.attn", mixed), projected(name + ".linear2.mlp", hidden));
        return ops.gated(z, change, parts.get(2));
    }

    private Value rotated(String norm, Value x, DoubleBlock.Rope rope) {
        return ops.neural()
                .rotate(
                        ops.headNorm(x, norm),
                        rope.cos(),
                        rope.sin(),
                        ops.config().heads());
    }

    private Value projected(String layer, Value x) {
        return linears.apply(ops.graph(), linears.prepare(ops.graph(), x, List.of(layer)), layer);
    }
}
