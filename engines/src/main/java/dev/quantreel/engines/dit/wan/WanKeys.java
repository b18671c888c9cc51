package dev.quantreel.engines.dit.wan;

import dev.quantreel.engines.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// The tensor names of a Wan transformer: those of the original release, which ComfyUI keeps and
/// which are the canonical ones here, and those of diffusers.
final class WanKeys {

    private WanKeys() {}

    /// Every tensor of the model with its shape, in the order of the forward pass, by canonical name.
    static SequencedMap<String, Shape> shapes(WanConfig config) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        int dim = config.dim();
        int patch = WanConfig.PATCH;
        shapes.put("patch_embedding.weight", Shape.of(dim, config.inChannels(), 1, patch, patch));
        shapes.put("patch_embedding.bias", Shape.of(dim));
        linear(shapes, "text_embedding.0", config.textDim(), dim);
        linear(shapes, "text_embedding.2", dim, dim);
        linear(shapes, "time_embedding.0", config.freqDim(), dim);
        linear(shapes, "time_embedding.2", dim, dim);
        linear(shapes, "time_projection.1", dim, 6 * dim);
        if (config.readsImageFeatures()) {
            norm(shapes, "img_emb.proj.0", config.imageDim());
            linear(shapes, "img_emb.proj.1", config.imageDim(), config.imageDim());
            linear(shapes, "img_emb.proj.3", config.imageDim(), dim);
            norm(shapes, "img_emb.proj.4", dim);
        }
        for (int i = 0; i < config.layers(); i++) {
            String block = "blocks." + i + ".";
            shapes.put(block + "modulation", Shape.of(1, 6, dim));
            attention(shapes, block + "self_attn.", dim);
            norm(shapes, block + "norm3", dim);
            attention(shapes, block + "cross_attn.", dim);
            if (config.readsImageFeatures()) {
                linear(shapes, block + "cross_attn.k_img", dim, dim);
                linear(shapes, block + "cross_attn.v_img", dim, dim);
                shapes.put(block + "cross_attn.norm_k_img.weight", Shape.of(dim));
            }
            linear(shapes, block + "ffn.0", dim, config.ffnDim());
            linear(shapes, block + "ffn.2", config.ffnDim(), dim);
        }
        shapes.put("head.modulation", Shape.of(1, 2, dim));
        linear(shapes, "head.head", dim, patch * patch * config.outChannels());
        return shapes;
    }

    /// The diffusers name of a canonical name. Note that `norm3` of the original is `norm2` of diffusers, and that
    /// both call two different tables by one word (`modulation`, `scale_shift_table`): names are matched whole,
    /// never by a part.
    static String diffusers(String canonical) {
        if (canonical.startsWith("blocks.")) {
            int rest = canonical.indexOf('.', "blocks.".length()) + 1;
            return canonical.substring(0, rest) + diffusersInBlock(canonical.substring(rest));
        }
        int dot = canonical.lastIndexOf('.');
        String layer = canonical.substring(0, dot);
        String kind = canonical.substring(dot);
        String condition = "condition_embedder.";
        return switch (layer) {
            case "text_embedding.0" -> condition + "text_embedder.linear_1" + kind;
            case "text_embedding.2" -> condition + "text_embedder.linear_2" + kind;
            case "time_embedding.0" -> condition + "time_embedder.linear_1" + kind;
            case "time_embedding.2" -> condition + "time_embedder.linear_2" + kind;
            case "time_projection.1" -> condition + "time_proj" + kind;
            case "img_emb.proj.0" -> condition + "image_embedder.norm1" + kind;
            case "img_emb.proj.1" -> condition + "image_embedder.ff.net.0.proj" + kind;
            case "img_emb.proj.3" -> condition + "image_embedder.ff.net.2" + kind;
            case "img_emb.proj.4" -> condition + "image_embedder.norm2" + kind;
            case "head.head" -> "proj_out" + kind;
            case "head" -> "scale_shift_table";
            default -> canonical;
        };
    }

    private static String diffusersInBlock(String name) {
        if (name.equals("modulation")) {
            return "scale_shift_table";
        }
        int dot = name.lastIndexOf('.');
        String layer = name.substring(0, dot);
        String kind = name.substring(dot);
        return switch (layer) {
            case "norm3" -> "norm2" + kind;
            case "ffn.0" -> "ffn.net.0.proj" + kind;
            case "ffn.2" -> "ffn.net.2" + kind;
            default -> {
                int split = layer.indexOf('.');
                String attention = layer.startsWith("self_attn.") ? "attn1." : "attn2.";
                String part = layer.substring(split + 1);
                yield attention
                        + switch (part) {
                            case "q", "k", "v" -> "to_" + part;
                            case "o" -> "to_out.0";
                            case "k_img" -> "add_k_proj";
                            case "v_img" -> "add_v_proj";
                            case "norm_k_img" -> "norm_added_k";
                            default -> part;
                        }
                        + kind;
            }
        };
    }

    private static void attention(Map<String, Shape> shapes, String prefix, int dim) {
        for (String part : new String[] {"q", "k", "v", "o"}) {
            linear(shapes, prefix + part, dim, dim);
        }
        shapes.put(prefix + "norm_q.weight", Shape.of(dim));
        shapes.put(prefix + "norm_k.weight", Shape.of(dim));
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
