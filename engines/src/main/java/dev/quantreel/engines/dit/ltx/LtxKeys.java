package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.AdaLnSingle;
import dev.quantreel.engines.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// The tensor names of an LTX-Video transformer: those of the original release, which ComfyUI keeps and which are the
/// canonical ones here, and those of diffusers.
final class LtxKeys {

    private LtxKeys() {}

    /// Every tensor of the model with its shape, in the order of the forward pass, by canonical name.
    static SequencedMap<String, Shape> shapes(LtxConfig config) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        int dim = config.dim();
        linear(shapes, "caption_projection.linear_1", config.textDim(), dim);
        linear(shapes, "caption_projection.linear_2", dim, dim);
        linear(shapes, "patchify_proj", config.channels(), dim);
        linear(shapes, "adaln_single.emb.timestep_embedder.linear_1", config.freqDim(), dim);
        linear(shapes, "adaln_single.emb.timestep_embedder.linear_2", dim, dim);
        linear(shapes, "adaln_single.linear", dim, AdaLnSingle.VECTORS * dim);
        for (int i = 0; i < config.layers(); i++) {
            String block = "transformer_blocks." + i + ".";
            shapes.put(block + "scale_shift_table", Shape.of(AdaLnSingle.VECTORS, dim));
            attention(shapes, block + "attn1.", dim);
            attention(shapes, block + "attn2.", dim);
            linear(shapes, block + "ff.net.0.proj", dim, config.ffnDim());
            linear(shapes, block + "ff.net.2", config.ffnDim(), dim);
        }
        shapes.put("scale_shift_table", Shape.of(2, dim));
        linear(shapes, "proj_out", dim, config.channels());
        return shapes;
    }

    /// The diffusers name of a canonical name.
    static String diffusers(String canonical) {
        if (canonical.startsWith("patchify_proj.")) {
            return "proj_in" + canonical.substring("patchify_proj".length());
        }
        if (canonical.startsWith("adaln_single.")) {
            return "time_embed" + canonical.substring("adaln_single".length());
        }
        if (canonical.endsWith(".q_norm.weight") || canonical.endsWith(".k_norm.weight")) {
            int name = canonical.lastIndexOf("_norm.weight") - 1;
            return canonical.substring(0, name) + "norm_" + canonical.charAt(name) + ".weight";
        }
        return canonical;
    }

    private static void attention(Map<String, Shape> shapes, String prefix, int dim) {
        for (String part : new String[] {"to_q", "to_k", "to_v", "to_out.0"}) {
            linear(shapes, prefix + part, dim, dim);
        }
        shapes.put(prefix + "q_norm.weight", Shape.of(dim));
        shapes.put(prefix + "k_norm.weight", Shape.of(dim));
    }

    private static void linear(Map<String, Shape> shapes, String layer, int in, int out) {
        shapes.put(layer + ".weight", Shape.of(out, in));
        shapes.put(layer + ".bias", Shape.of(out));
    }
}
