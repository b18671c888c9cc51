package dev.quantreel.engines.dit.wan;

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

/// Wan 2.1 T2V and I2V, Wan 2.2 T2V and I2V A14B (each of the two experts is a file) and TI2V-5B.
public final class WanFamily implements TransformerFamily {

    private static final int DEFAULT_HEAD_DIM = 128;
    private static final int DEFAULT_TEXT_LENGTH = 512;

    private static final int TEXT_DIM = 4096;
    private static final int FREQ_DIM = 256;
    private static final int CLIP_DIM = 1280;

    /// Latent channels of Wan 2.2's own VAE, which only the 5B model uses.
    private static final int WAN_22_CHANNELS = 48;

    @Override
    public String title() {
        return "Wan 2.1 / 2.2";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(
                KeyLayout.renaming(
                        "original",
                        List.of("head.modulation", "blocks.0.self_attn.norm_q.weight"),
                        UnaryOperator.identity()),
                KeyLayout.renaming(
                        "diffusers",
                        List.of("scale_shift_table", "condition_embedder.time_proj.weight"),
                        WanKeys::diffusers));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        int dim = CheckpointShapes.extent(canonical, "head.modulation", 3, 2);
        int layers = 0;
        while (canonical.contains("blocks." + layers + ".modulation")) {
            layers++;
        }
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        int heads = metadata.positive("num_heads", "num_attention_heads").orElse(Math.max(1, dim / DEFAULT_HEAD_DIM));
        int inChannels = CheckpointShapes.extent(canonical, "patch_embedding.weight", 5, 1);
        return new WanTransformer(new WanConfig(
                inChannels,
                CheckpointShapes.extent(canonical, "head.head.weight", 2, 0) / (WanConfig.PATCH * WanConfig.PATCH),
                dim,
                CheckpointShapes.extent(canonical, "blocks.0.ffn.0.weight", 2, 0),
                heads,
                layers,
                CheckpointShapes.extent(canonical, "text_embedding.0.weight", 2, 1),
                CheckpointShapes.extent(canonical, "time_embedding.0.weight", 2, 1),
                metadata.positive("text_len").orElse(DEFAULT_TEXT_LENGTH),
                canonical.contains("img_emb.proj.1.weight")
                        ? CheckpointShapes.extent(canonical, "img_emb.proj.1.weight", 2, 0)
                        : 0,
                inChannels == WAN_22_CHANNELS || metadata.flag("expand_timesteps")));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put("wan-t2v-1.3b", release(16, 16, 1536, 8960, 30));
        releases.put("wan-t2v-14b", release(16, 16, 5120, 13824, 40));
        releases.put("wan-i2v-14b", image(release(36, 16, 5120, 13824, 40)));
        releases.put("wan2.2-i2v-a14b", release(36, 16, 5120, 13824, 40));
        releases.put("wan2.2-ti2v-5b", release(WAN_22_CHANNELS, WAN_22_CHANNELS, 3072, 14336, 30));
        return releases;
    }

    private static WanTransformer release(int in, int out, int dim, int ffnDim, int layers) {
        return new WanTransformer(new WanConfig(
                in,
                out,
                dim,
                ffnDim,
                dim / DEFAULT_HEAD_DIM,
                layers,
                TEXT_DIM,
                FREQ_DIM,
                DEFAULT_TEXT_LENGTH,
                0,
                in == WAN_22_CHANNELS));
    }

    /// The same with the branch for CLIP features.
    private static WanTransformer image(WanTransformer text) {
        WanConfig c = text.config();
        return new WanTransformer(new WanConfig(
                c.inChannels(),
                c.outChannels(),
                c.dim(),
                c.ffnDim(),
                c.heads(),
                c.layers(),
                c.textDim(),
                c.freqDim(),
                c.textLength(),
                CLIP_DIM,
                c.timestepPerFrame()));
    }
}
