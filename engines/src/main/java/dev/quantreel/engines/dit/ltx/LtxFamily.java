package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.ConfigMetadata;
import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/// LTX-Video 0.9.x, 2B and 13B; the same weights start from a text alone or from pictures, which are then the first
/// latent frames.
///
/// Files without a `config` in their metadata are taken to count time causally if they are the 13B model, which only
/// exists since 0.9.7.
public final class LtxFamily implements TransformerFamily {

    private static final int DEFAULT_HEADS = 32;
    private static final int LAYERS_OF_13B = 48;

    @Override
    public String title() {
        return "LTX-Video 0.9";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(
                KeyLayout.renaming(
                        "original",
                        List.of("patchify_proj.weight", "transformer_blocks.0.attn1.q_norm.weight"),
                        UnaryOperator.identity()),
                KeyLayout.renaming(
                        "diffusers", List.of("proj_in.weight", "time_embed.linear.weight"), LtxKeys::diffusers));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        int dim = CheckpointShapes.extent(canonical, "patchify_proj.weight", 2, 0);
        int layers = 0;
        while (canonical.contains("transformer_blocks." + layers + ".scale_shift_table")) {
            layers++;
        }
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        boolean toldCausal = !metadata.text("causal_temporal_positioning").isEmpty();
        return new LtxTransformer(new LtxConfig(
                CheckpointShapes.extent(canonical, "patchify_proj.weight", 2, 1),
                dim,
                CheckpointShapes.extent(canonical, "transformer_blocks.0.ff.net.0.proj.weight", 2, 0),
                metadata.positive("num_attention_heads").orElse(DEFAULT_HEADS),
                layers,
                CheckpointShapes.extent(canonical, "caption_projection.linear_1.weight", 2, 1),
                CheckpointShapes.extent(canonical, "adaln_single.emb.timestep_embedder.linear_1.weight", 2, 1),
                toldCausal ? metadata.flag("causal_temporal_positioning") : layers == LAYERS_OF_13B));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put("ltx-video-2b", new LtxTransformer(new LtxConfig(128, 2048, 8192, 32, 28, 4096, 256, false)));
        releases.put(
                "ltx-video-13b",
                new LtxTransformer(new LtxConfig(128, 4096, 16384, 32, LAYERS_OF_13B, 4096, 256, true)));
        return releases;
    }
}
