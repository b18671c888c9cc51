package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import java.util.List;

/// Brings the text encoder's vectors to the width of a token: a small transformer over the text alone, gated by the
/// timestep and the mean of the text. Only the real tokens go in, so that nothing has to be masked.
///
/// @param ops on the prelude
record TokenRefiner(HunyuanOps ops) {

    /// @param context `[1, text, textDim]`
    /// @param features of the timestep, `[1, freqDim]`
    /// @return `[1, text, dim]`
    Value emit(Value context, Value features) {
        Value mean = ops.graph()
                .op(
                        OnnxOp.ReduceMean,
                        Attributes.of("keepdims", 0),
                        context,
                        ops.graph().longs(1));
        Value condition = ops.add(ops.embedder(features, "txt_in.t_embedder"), ops.embedder(mean, "txt_in.c_embedder"));
        Value active = ops.neural().silu(condition);
        Value[] text = {ops.linear(context, "txt_in.input_embedder")};
        for (int i = 0; i < ops.config().depth().refiner(); i++) {
            String block = "txt_in.individual_token_refiner.blocks." + i;
            ops.graph().scope(block, () -> text[0] = block(block + ".", text[0], active));
        }
        return text[0];
    }

    private Value block(String block, Value x, Value active) {
        List<Value> gates = ops.parts(ops.linear(active, block + "adaLN_modulation.1"), 2);
        String prefix = block + "self_attn.";
        Value normalized = ops.norm(x, block + "norm1", HunyuanConfig.EPSILON);
        Value mixed = ops.attention(
                ops.linear(normalized, prefix + "q"),
                ops.linear(normalized, prefix + "k"),
                ops.linear(normalized, prefix + "v"));
        Value attended = ops.gated(x, ops.linear(mixed, prefix + "proj"), gates.get(0));
        Value hidden = ops.linear(ops.norm(attended, block + "norm2", HunyuanConfig.EPSILON), block + "mlp.0");
        return ops.gated(attended, ops.linear(ops.neural().silu(hidden), block + "mlp.2"), gates.get(1));
    }
}
