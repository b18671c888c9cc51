package dev.quantreel.engines.dit.latte;

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

/// Latte-1, text-to-video.
public final class LatteFamily implements TransformerFamily {

    private static final int DEFAULT_HEADS = 16;
    private static final int DEFAULT_SAMPLE_SIZE = 64;

    @Override
    public String title() {
        return "Latte";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(KeyLayout.renaming(
                "diffusers",
                List.of("temporal_transformer_blocks.0.attn1.to_q.weight", "adaln_single.linear.weight"),
                UnaryOperator.identity()));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        int pairs = 0;
        while (canonical.contains(LatteKeys.temporal(pairs) + ".scale_shift_table")) {
            pairs++;
        }
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        int cells = LatteConfig.PATCH * LatteConfig.PATCH;
        return new LatteTransformer(new LatteConfig(
                CheckpointShapes.extent(canonical, "pos_embed.proj.weight", 4, 1),
                CheckpointShapes.extent(canonical, "proj_out.weight", 2, 0) / cells,
                CheckpointShapes.extent(canonical, "pos_embed.proj.weight", 4, 0),
                CheckpointShapes.extent(canonical, "transformer_blocks.0.ff.net.0.proj.weight", 2, 0),
                metadata.positive("num_attention_heads").orElse(DEFAULT_HEADS),
                pairs,
                CheckpointShapes.extent(canonical, "caption_projection.linear_1.weight", 2, 1),
                CheckpointShapes.extent(canonical, "adaln_single.emb.timestep_embedder.linear_1.weight", 2, 1),
                metadata.positive("sample_size").orElse(DEFAULT_SAMPLE_SIZE)));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put(
                "latte-1",
                new LatteTransformer(
                        new LatteConfig(4, 8, 1152, 4608, DEFAULT_HEADS, 28, 4096, 256, DEFAULT_SAMPLE_SIZE)));
        return releases;
    }
}
