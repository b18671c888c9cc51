package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.TensorSlice;
import java.util.List;

/// Where the layouts of HunyuanVideo files keep a canonical tensor, see [HunyuanShapes] for the canonical names. Names
/// are taken apart at their dots and never matched by a part: `input_embedder` ends like `t_embedder`.
final class HunyuanKeys {

    private static final List<String> QKV = List.of("q", "k", "v");
    private static final String REFINER = "txt_in.individual_token_refiner.blocks.";
    private static final String FINAL = "final_layer.adaLN_modulation.1.";

    /// Parts of `linear1` by rows: query, key and value, and a feed-forward network four times as wide.
    private static final int LINEAR1_PARTS = 3 + HunyuanConfig.MLP_RATIO;

    /// Parts of `linear2` by columns: attention and feed-forward network.
    private static final int LINEAR2_PARTS = 1 + HunyuanConfig.MLP_RATIO;

    private HunyuanKeys() {}

    /// A name cut before its last part, `weight`, `bias` or `scale`.
    private record Name(String layer, String kind) {
        static Name of(String canonical) {
            int dot = canonical.lastIndexOf('.');
            return new Name(canonical.substring(0, dot), canonical.substring(dot));
        }

        /// The part of a layer's name after its last dot.
        String last() {
            return layer.substring(layer.lastIndexOf('.') + 1);
        }

        /// The layer's name up to its last dot, without it.
        String parent() {
            return layer.substring(0, Math.max(0, layer.lastIndexOf('.')));
        }
    }

    /// ComfyUI's own names.
    static TensorSlice comfy(String canonical) {
        Name name = Name.of(canonical);
        String parent = name.parent();
        if (QKV.contains(name.last()) && parent.endsWith("_attn")) {
            return TensorSlice.rows(parent + ".qkv" + name.kind, QKV.indexOf(name.last()), 1, 3);
        }
        if (parent.endsWith(".linear1")) {
            return name.last().equals("mlp")
                    ? TensorSlice.rows(parent + name.kind, 3, HunyuanConfig.MLP_RATIO, LINEAR1_PARTS)
                    : TensorSlice.rows(parent + name.kind, QKV.indexOf(name.last()), 1, LINEAR1_PARTS);
        }
        if (parent.endsWith(".linear2")) {
            return linear2(parent, name);
        }
        if (canonical.startsWith(FINAL)) {
            return TensorSlice.rows(parent + name.kind, name.last().equals("shift") ? 0 : 1, 1, 2);
        }
        return TensorSlice.whole(canonical);
    }

    /// ComfyUI's names of 2026, which call the scales of norms weights.
    static TensorSlice comfyWithNormWeights(String canonical) {
        TensorSlice slice = comfy(canonical);
        return slice.name().endsWith("_norm.scale")
                ? TensorSlice.whole(slice.name().substring(0, slice.name().length() - ".scale".length()) + ".weight")
                : slice;
    }

    /// Tencent's names of HunyuanVideo 1.0.
    static TensorSlice original(String canonical) {
        TensorSlice slice = comfy(canonical);
        return new TensorSlice(tencent(slice.name()), slice.axis(), slice.first(), slice.count(), slice.parts());
    }

    /// Tencent's names of HunyuanVideo 1.5, whose double blocks keep query, key and value apart.
    static TensorSlice original15(String canonical) {
        Name name = Name.of(canonical);
        if (canonical.startsWith("double_blocks.")
                && QKV.contains(name.last())
                && name.parent().endsWith("_attn")) {
            return TensorSlice.whole(name.parent() + "_" + name.last() + name.kind);
        }
        return original(canonical);
    }

    private static TensorSlice linear2(String fused, Name name) {
        if (name.kind.equals(".bias")) {
            return TensorSlice.whole(fused + ".bias");
        }
        return name.last().equals("attn")
                ? TensorSlice.columns(fused + name.kind, 0, 1, LINEAR2_PARTS)
                : TensorSlice.columns(fused + name.kind, 1, HunyuanConfig.MLP_RATIO, LINEAR2_PARTS);
    }

    private static String tencent(String comfy) {
        Name name = Name.of(comfy);
        String parent = name.parent();
        return switch (name.last()) {
            case "in_layer" -> embedder(parent, "0", "1", name);
            case "out_layer" -> embedder(parent, "2", "2", name);
            case "lin" -> parent + ".linear" + name.kind;
            case "qkv", "proj" -> parent.endsWith("_attn") ? parent + "_" + name.last() + name.kind : comfy;
            case "query_norm" -> headNorm(parent, "q");
            case "key_norm" -> headNorm(parent, "k");
            case "0", "2" ->
                parent.endsWith("mlp") ? parent + (name.last().equals("0") ? ".fc1" : ".fc2") + name.kind : comfy;
            default -> comfy;
        };
    }

    private static String embedder(String parent, String mlp, String linear, Name name) {
        return switch (parent) {
            case "vector_in" -> name.layer + name.kind;
            case "txt_in.c_embedder" -> parent + ".linear_" + linear + name.kind;
            default -> parent + ".mlp." + mlp + name.kind;
        };
    }

    /// `img_attn.norm` to `img_attn_q_norm`, and the `norm` of a single block to `q_norm`.
    private static String headNorm(String norm, String part) {
        String owner = norm.substring(0, norm.length() - "norm".length() - 1);
        return owner + (owner.endsWith("_attn") ? "_" : ".") + part + "_norm.weight";
    }

    /// The names of diffusers.
    ///
    /// @param timestep what the model calls its conditioning on timestep and the like: `time_text_embed` in 1.0,
    /// `time_embed` in 1.5
    static TensorSlice diffusers(String canonical, String timestep) {
        Name name = Name.of(canonical);
        if (canonical.startsWith("double_blocks.")) {
            return TensorSlice.whole(inDouble(canonical));
        }
        if (canonical.startsWith("single_blocks.")) {
            return inSingle(canonical);
        }
        if (canonical.startsWith(REFINER)) {
            return TensorSlice.whole(inRefiner(canonical));
        }
        if (canonical.startsWith(FINAL)) {
            // Scale comes first here.
            return TensorSlice.rows("norm_out.linear" + name.kind, name.last().equals("scale") ? 0 : 1, 1, 2);
        }
        String order = name.last().equals("in_layer") ? ".linear_1" : ".linear_2";
        String context = "context_embedder.";
        return TensorSlice.whole(
                switch (name.parent()) {
                    case "img_in" -> "x_embedder.proj" + name.kind;
                    case "time_in" -> timestep + ".timestep_embedder" + order + name.kind;
                    case "time_r_in" -> timestep + ".timestep_embedder_r" + order + name.kind;
                    case "vector_in" -> timestep + ".text_embedder" + order + name.kind;
                    case "guidance_in" -> timestep + ".guidance_embedder" + order + name.kind;
                    case "txt_in.t_embedder" -> context + "time_text_embed.timestep_embedder" + order + name.kind;
                    case "txt_in.c_embedder" -> context + "time_text_embed.text_embedder" + order + name.kind;
                    case "txt_in" -> context + "proj_in" + name.kind;
                    case "final_layer" -> "proj_out" + name.kind;
                    default -> condition(name);
                });
    }

    /// The further conditions of 1.5.
    private static String condition(Name name) {
        return switch (name.layer) {
            case "byt5_in.layernorm" -> "context_embedder_2.norm" + name.kind;
            case "byt5_in.fc1" -> "context_embedder_2.linear_1" + name.kind;
            case "byt5_in.fc2" -> "context_embedder_2.linear_2" + name.kind;
            case "byt5_in.fc3" -> "context_embedder_2.linear_3" + name.kind;
            case "vision_in.proj.0" -> "image_embedder.norm_in" + name.kind;
            case "vision_in.proj.1" -> "image_embedder.linear_1" + name.kind;
            case "vision_in.proj.3" -> "image_embedder.linear_2" + name.kind;
            case "vision_in.proj.4" -> "image_embedder.norm_out" + name.kind;
            case "cond_type_embedding" -> "cond_type_embed" + name.kind;
            default -> name.layer + name.kind;
        };
    }

    private static String inDouble(String canonical) {
        int rest = canonical.indexOf('.', "double_blocks.".length()) + 1;
        String block = "transformer_blocks." + canonical.substring("double_blocks.".length(), rest);
        Name name = Name.of(canonical.substring(rest));
        boolean text = name.layer.startsWith("txt_");
        String layer = name.layer.substring("img_".length());
        return block
                + switch (layer) {
                    case "mod.lin" -> (text ? "norm1_context" : "norm1") + ".linear" + name.kind;
                    case "attn.q", "attn.k", "attn.v" ->
                        (text ? "attn.add_" + name.last() + "_proj" : "attn.to_" + name.last()) + name.kind;
                    case "attn.proj" -> (text ? "attn.to_add_out" : "attn.to_out.0") + name.kind;
                    case "attn.norm.query_norm" -> (text ? "attn.norm_added_q" : "attn.norm_q") + ".weight";
                    case "attn.norm.key_norm" -> (text ? "attn.norm_added_k" : "attn.norm_k") + ".weight";
                    case "mlp.0" -> (text ? "ff_context" : "ff") + ".net.0.proj" + name.kind;
                    case "mlp.2" -> (text ? "ff_context" : "ff") + ".net.2" + name.kind;
                    default -> canonical.substring(rest);
                };
    }

    private static TensorSlice inSingle(String canonical) {
        int rest = canonical.indexOf('.', "single_blocks.".length()) + 1;
        String block = "single_transformer_blocks." + canonical.substring("single_blocks.".length(), rest);
        Name name = Name.of(canonical.substring(rest));
        if (name.layer.startsWith("linear2.")) {
            return linear2(block + "proj_out", name);
        }
        return TensorSlice.whole(block
                + switch (name.layer) {
                    case "modulation.lin" -> "norm.linear" + name.kind;
                    case "linear1.q", "linear1.k", "linear1.v" -> "attn.to_" + name.last() + name.kind;
                    case "linear1.mlp" -> "proj_mlp" + name.kind;
                    case "norm.query_norm" -> "attn.norm_q.weight";
                    case "norm.key_norm" -> "attn.norm_k.weight";
                    default -> canonical.substring(rest);
                });
    }

    private static String inRefiner(String canonical) {
        int rest = canonical.indexOf('.', REFINER.length()) + 1;
        String block = "context_embedder.token_refiner.refiner_blocks." + canonical.substring(REFINER.length(), rest);
        Name name = Name.of(canonical.substring(rest));
        return block
                + switch (name.layer) {
                    case "adaLN_modulation.1" -> "norm_out.linear";
                    case "self_attn.q", "self_attn.k", "self_attn.v" -> "attn.to_" + name.last();
                    case "self_attn.proj" -> "attn.to_out.0";
                    case "mlp.0" -> "ff.net.0.proj";
                    case "mlp.2" -> "ff.net.2";
                    default -> name.layer;
                }
                + name.kind;
    }
}
