package dev.quantreel.engines.checkpoint;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// llama.cpp's tensor names of T5 encoders in Hugging Face's spelling; all other names stay as they are.
final class LlamaCppNames {

    private static final Pattern T5_BLOCK = Pattern.compile("enc\\.blk\\.(\\d+)\\.([a-z_]+)\\.weight");
    private static final Map<String, String> T5_PARTS = Map.of(
            "attn_q", "layer.0.SelfAttention.q",
            "attn_k", "layer.0.SelfAttention.k",
            "attn_v", "layer.0.SelfAttention.v",
            "attn_o", "layer.0.SelfAttention.o",
            "attn_norm", "layer.0.layer_norm",
            "attn_rel_b", "layer.0.SelfAttention.relative_attention_bias",
            "ffn_gate", "layer.1.DenseReluDense.wi_0",
            "ffn_up", "layer.1.DenseReluDense.wi_1",
            "ffn_down", "layer.1.DenseReluDense.wo",
            "ffn_norm", "layer.1.layer_norm");

    private LlamaCppNames() {}

    static String toModel(String name) {
        Matcher block = T5_BLOCK.matcher(name);
        if (block.matches()) {
            String part = T5_PARTS.get(block.group(2));
            return part == null ? name : "encoder.block." + block.group(1) + "." + part + ".weight";
        }
        return switch (name) {
            case "enc.output_norm.weight" -> "encoder.final_layer_norm.weight";
            case "token_embd.weight" -> "shared.weight";
            default -> name;
        };
    }
}
