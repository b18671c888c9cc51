package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// The tensor names of a CogVideoX transformer. Canonical are those of diffusers, with the projections that modulate
/// image and text together (`norm1.linear`) taken apart: `norm1.image`, `norm1.text`. The original (SAT) files have a
/// single projection per block for both norms and both streams, and fused queries, keys and values.
final class CogVideoXKeys {

    private static final String BLOCKS = "transformer_blocks.";
    private static final String SAT_BLOCKS = "transformer.layers.";
    private static final String MIXINS = "mixins.";

    /// Vectors that the SAT projection makes per block.
    private static final int SAT_VECTORS = 12;

    /// Learned places of text and clip.
    static final String POSITIONS = "patch_embed.pos_embedding";

    private CogVideoXKeys() {}

    /// Every tensor of the model with its shape, in the order of the forward pass, by canonical name.
    static SequencedMap<String, Shape> shapes(CogVideoXConfig config) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        int dim = config.dim();
        linear(shapes, "patch_embed.text_proj", config.textDim(), dim);
        boolean flat = config.patchFrames() > 1;
        int patch = CogVideoXConfig.PATCH;
        shapes.put(
                "patch_embed.proj.weight",
                flat
                        ? Shape.of(dim, config.inChannels() * config.patchCells())
                        : Shape.of(dim, config.inChannels(), patch, patch));
        shapes.put("patch_embed.proj.bias", Shape.of(dim));
        linear(shapes, "time_embedding.linear_1", dim, config.timeDim());
        linear(shapes, "time_embedding.linear_2", config.timeDim(), config.timeDim());
        if (config.image().positions() > 0) {
            shapes.put(POSITIONS, Shape.of(1, config.image().positions(), dim));
        }
        int offset = config.image().offsetDim();
        if (offset > 0) {
            linear(shapes, "ofs_embedding.linear_1", offset, offset);
            linear(shapes, "ofs_embedding.linear_2", offset, offset);
        }
        for (int i = 0; i < config.layers(); i++) {
            String block = BLOCKS + i + ".";
            modulatedNorm(shapes, block + "norm1.", config);
            for (String part : new String[] {"to_q", "to_k", "to_v", "to_out.0"}) {
                linear(shapes, block + "attn1." + part, dim, dim);
            }
            norm(shapes, block + "attn1.norm_q", config.headDim());
            norm(shapes, block + "attn1.norm_k", config.headDim());
            modulatedNorm(shapes, block + "norm2.", config);
            linear(shapes, block + "ff.net.0.proj", dim, config.ffnDim());
            linear(shapes, block + "ff.net.2", config.ffnDim(), dim);
        }
        norm(shapes, "norm_final", dim);
        linear(shapes, "norm_out.linear", config.timeDim(), 2 * dim);
        norm(shapes, "norm_out.norm", dim);
        linear(shapes, "proj_out", dim, config.channels() * config.patchCells());
        return shapes;
    }

    /// Where diffusers keeps a canonical tensor.
    static TensorSlice diffusers(String canonical) {
        int dot = canonical.lastIndexOf('.');
        String layer = canonical.substring(0, dot);
        String kind = canonical.substring(dot);
        if (layer.endsWith(".image") || layer.endsWith(".text")) {
            String norm = layer.substring(0, layer.lastIndexOf('.'));
            return TensorSlice.rows(norm + ".linear" + kind, layer.endsWith(".image") ? 0 : 1, 1, 2);
        }
        return TensorSlice.whole(canonical);
    }

    /// Where the original release keeps a canonical tensor.
    static TensorSlice sat(String canonical) {
        if (canonical.equals(POSITIONS)) {
            return TensorSlice.whole(MIXINS + "pos_embed.pos_embedding");
        }
        int dot = canonical.lastIndexOf('.');
        String layer = canonical.substring(0, dot);
        String kind = canonical.substring(dot);
        if (layer.startsWith(BLOCKS)) {
            String rest = layer.substring(BLOCKS.length());
            int end = rest.indexOf('.');
            return satInBlock(rest.substring(0, end), rest.substring(end + 1), kind);
        }
        return TensorSlice.whole(switch (layer) {
                    case "patch_embed.text_proj", "patch_embed.proj" -> MIXINS + layer;
                    case "time_embedding.linear_1" -> "time_embed.0";
                    case "time_embedding.linear_2" -> "time_embed.2";
                    case "ofs_embedding.linear_1" -> "ofs_embed.0";
                    case "ofs_embedding.linear_2" -> "ofs_embed.2";
                    case "norm_final" -> "transformer.final_layernorm";
                    case "norm_out.linear" -> MIXINS + "final_layer.adaLN_modulation.1";
                    case "norm_out.norm" -> MIXINS + "final_layer.norm_final";
                    case "proj_out" -> MIXINS + "final_layer.linear";
                    default -> layer;
                }
                + kind);
    }

    private static TensorSlice satInBlock(String index, String layer, String kind) {
        String block = SAT_BLOCKS + index + ".";
        String modulations = MIXINS + "adaln_layer.adaLN_modulations." + index + ".1" + kind;
        String fused = block + "attention.query_key_value" + kind;
        return switch (layer) {
            case "norm1.image" -> TensorSlice.rows(modulations, 0, 3, SAT_VECTORS);
            case "norm2.image" -> TensorSlice.rows(modulations, 3, 3, SAT_VECTORS);
            case "norm1.text" -> TensorSlice.rows(modulations, 6, 3, SAT_VECTORS);
            case "norm2.text" -> TensorSlice.rows(modulations, 9, 3, SAT_VECTORS);
            case "attn1.to_q" -> TensorSlice.rows(fused, 0, 1, 3);
            case "attn1.to_k" -> TensorSlice.rows(fused, 1, 1, 3);
            case "attn1.to_v" -> TensorSlice.rows(fused, 2, 1, 3);
            case "attn1.to_out.0" -> TensorSlice.whole(block + "attention.dense" + kind);
            case "attn1.norm_q" -> TensorSlice.whole(MIXINS + "adaln_layer.query_layernorm_list." + index + kind);
            case "attn1.norm_k" -> TensorSlice.whole(MIXINS + "adaln_layer.key_layernorm_list." + index + kind);
            case "norm1.norm" -> TensorSlice.whole(block + "input_layernorm" + kind);
            case "norm2.norm" -> TensorSlice.whole(block + "post_attention_layernorm" + kind);
            case "ff.net.0.proj" -> TensorSlice.whole(block + "mlp.dense_h_to_4h" + kind);
            case "ff.net.2" -> TensorSlice.whole(block + "mlp.dense_4h_to_h" + kind);
            default -> TensorSlice.whole(block + layer + kind);
        };
    }

    private static void modulatedNorm(Map<String, Shape> shapes, String prefix, CogVideoXConfig config) {
        norm(shapes, prefix + "norm", config.dim());
        linear(shapes, prefix + "image", config.timeDim(), 3 * config.dim());
        linear(shapes, prefix + "text", config.timeDim(), 3 * config.dim());
    }

    private static void norm(Map<String, Shape> shapes, String layer, int width) {
        shapes.put(layer + ".weight", Shape.of(width));
        shapes.put(layer + ".bias", Shape.of(width));
    }

    private static void linear(Map<String, Shape> shapes, String layer, int in, int out) {
        shapes.put(layer + ".weight", Shape.of(out, in));
        shapes.put(layer + ".bias", Shape.of(out));
    }
}
