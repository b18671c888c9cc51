package dev.quantreel.engines.dit.latte;

import dev.quantreel.engines.dit.AdaLnSingle;
import dev.quantreel.engines.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// The tensor names of a Latte transformer, those of diffusers, the only layout that is in use.
final class LatteKeys {

    private LatteKeys() {}

    /// @return name of the spatial block of a pair
    static String spatial(int pair) {
        return "transformer_blocks." + pair;
    }

    /// @return name of the temporal block of a pair
    static String temporal(int pair) {
        return "temporal_transformer_blocks." + pair;
    }

    /// Every tensor of the model with its shape, in the order of the forward pass.
    static SequencedMap<String, Shape> shapes(LatteConfig config) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        int dim = config.dim();
        int patch = LatteConfig.PATCH;
        linear(shapes, "caption_projection.linear_1", config.textDim(), dim);
        linear(shapes, "caption_projection.linear_2", dim, dim);
        shapes.put("pos_embed.proj.weight", Shape.of(dim, config.channels(), patch, patch));
        shapes.put("pos_embed.proj.bias", Shape.of(dim));
        linear(shapes, "adaln_single.emb.timestep_embedder.linear_1", config.freqDim(), dim);
        linear(shapes, "adaln_single.emb.timestep_embedder.linear_2", dim, dim);
        linear(shapes, "adaln_single.linear", dim, AdaLnSingle.VECTORS * dim);
        for (int pair = 0; pair < config.pairs(); pair++) {
            block(shapes, spatial(pair) + ".", config, true);
            block(shapes, temporal(pair) + ".", config, false);
        }
        shapes.put("scale_shift_table", Shape.of(2, dim));
        linear(shapes, "proj_out", dim, patch * patch * config.outChannels());
        return shapes;
    }

    private static void block(Map<String, Shape> shapes, String prefix, LatteConfig config, boolean readsText) {
        int dim = config.dim();
        shapes.put(prefix + "scale_shift_table", Shape.of(AdaLnSingle.VECTORS, dim));
        attention(shapes, prefix + "attn1.", dim);
        if (readsText) {
            attention(shapes, prefix + "attn2.", dim);
        }
        linear(shapes, prefix + "ff.net.0.proj", dim, config.ffnDim());
        linear(shapes, prefix + "ff.net.2", config.ffnDim(), dim);
    }

    private static void attention(Map<String, Shape> shapes, String prefix, int dim) {
        for (String part : new String[] {"to_q", "to_k", "to_v", "to_out.0"}) {
            linear(shapes, prefix + part, dim, dim);
        }
    }

    private static void linear(Map<String, Shape> shapes, String layer, int in, int out) {
        shapes.put(layer + ".weight", Shape.of(out, in));
        shapes.put(layer + ".bias", Shape.of(out));
    }
}
