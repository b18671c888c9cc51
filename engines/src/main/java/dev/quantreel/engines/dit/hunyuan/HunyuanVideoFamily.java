package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.ConfigMetadata;
import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// HunyuanVideo 1.0: text-to-video with and without distilled guidance, and the image-to-video files that read the
/// image as additional channels (HunyuanVideo-I2V with 33, SkyReels with 32).
public final class HunyuanVideoFamily implements TransformerFamily {

    private static final String POOLED = "vector_in.in_layer.weight";
    private static final String REFINER = "txt_in.individual_token_refiner.blocks.0.norm1.weight";

    @Override
    public String title() {
        return "HunyuanVideo";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(
                KeyLayout.slicing(
                        "original",
                        List.of("double_blocks.0.img_attn_qkv.weight", REFINER, POOLED),
                        HunyuanKeys::original),
                KeyLayout.slicing(
                        "ComfyUI",
                        List.of("double_blocks.0.img_attn.norm.query_norm.scale", REFINER, POOLED),
                        HunyuanKeys::comfy),
                KeyLayout.slicing(
                        "newer ComfyUI",
                        List.of("double_blocks.0.img_attn.norm.query_norm.weight", REFINER, POOLED),
                        HunyuanKeys::comfyWithNormWeights),
                KeyLayout.slicing(
                        "diffusers",
                        List.of(
                                "context_embedder.token_refiner.refiner_blocks.0.norm1.weight",
                                "time_text_embed.text_embedder.linear_1.weight"),
                        name -> HunyuanKeys.diffusers(name, "time_text_embed")));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        HunyuanConfig config = HunyuanConfig.read(canonical);
        if (config.imageChannels() < 0) {
            throw new UnsupportedCheckpointException(
                    canonical.source(),
                    "it reads " + config.inChannels() + " channels and makes " + config.outChannels()
                            + "; expected at least as many in as out");
        }
        String condition = ConfigMetadata.of(canonical).text("image_condition_type");
        if (condition.equals("token_replace")) {
            throw new UnsupportedCheckpointException(
                    canonical.source(),
                    "this is HunyuanVideo-I2V with token replacement (two timesteps in one picture), which is not"
                            + " supported; the file with 33 input channels (latent concatenation) is");
        }
        return new HunyuanVideoTransformer(
                config,
                CheckpointShapes.extent(canonical, POOLED, 2, 1),
                canonical.contains("guidance_in.in_layer.weight"));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put("hunyuan-video", new HunyuanVideoTransformer(release(16), 768, true));
        releases.put("hunyuan-video-i2v", new HunyuanVideoTransformer(release(33), 768, false));
        return releases;
    }

    private static HunyuanConfig release(int inChannels) {
        return new HunyuanConfig(
                inChannels, 16, 2, 3072, 24, new HunyuanConfig.Depth(2, 20, 40), 4096, 256, HunyuanConfig.Rope.DEFAULT);
    }
}
