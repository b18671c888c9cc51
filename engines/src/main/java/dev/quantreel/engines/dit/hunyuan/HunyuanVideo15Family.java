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
import java.util.Locale;
import java.util.SequencedMap;

/// HunyuanVideo 1.5, T2V and I2V, with and without distillation: one architecture. What a file was trained for stands
/// in its config, or else in its name.
public final class HunyuanVideo15Family implements TransformerFamily {

    private static final String KINDS = HunyuanVideo15Conditions.KINDS;

    @Override
    public String title() {
        return "HunyuanVideo 1.5";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(
                KeyLayout.slicing(
                        "original", List.of(KINDS, "double_blocks.0.img_attn_q.weight"), HunyuanKeys::original15),
                KeyLayout.slicing(
                        "repackaged", List.of(KINDS, "double_blocks.0.img_attn_qkv.weight"), HunyuanKeys::original),
                KeyLayout.slicing(
                        "ComfyUI",
                        List.of(KINDS, "double_blocks.0.img_attn.norm.query_norm.scale"),
                        HunyuanKeys::comfy),
                KeyLayout.slicing(
                        "newer ComfyUI",
                        List.of(KINDS, "double_blocks.0.img_attn.norm.query_norm.weight"),
                        HunyuanKeys::comfyWithNormWeights),
                KeyLayout.slicing(
                        "diffusers",
                        List.of("cond_type_embed.weight", "context_embedder_2.linear_1.weight"),
                        name -> HunyuanKeys.diffusers(name, "time_embed")));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        HunyuanConfig config = HunyuanConfig.read(canonical);
        if (config.imageChannels() != config.outChannels() + 1) {
            throw new UnsupportedCheckpointException(
                    canonical.source(),
                    "it reads " + config.inChannels() + " channels and makes " + config.outChannels() + "; expected "
                            + (2 * config.outChannels() + 1)
                            + " (latent, image latent, mask): the super-resolution models read others and are not"
                            + " supported");
        }
        return new HunyuanVideo15Transformer(
                config,
                new HunyuanVideo15Transformer.Widths(
                        CheckpointShapes.extent(canonical, "byt5_in.fc1.weight", 2, 1),
                        CheckpointShapes.extent(canonical, "byt5_in.fc1.weight", 2, 0),
                        CheckpointShapes.extent(canonical, "vision_in.proj.1.weight", 2, 1)),
                canonical.contains("time_r_in.in_layer.weight"),
                release(canonical));
    }

    private static HunyuanVideo15Transformer.Release release(Checkpoint canonical) {
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        String name = canonical.source().toLowerCase(Locale.ROOT).replace('\\', '/');
        String file = name.substring(name.lastIndexOf('/') + 1);
        String task = metadata.text("task_type") + metadata.text("ideal_task");
        String resolution = metadata.text("ideal_resolution");
        int target = metadata.positive("target_size").orElse(0);
        return new HunyuanVideo15Transformer.Release(
                target > 0 || !resolution.isEmpty() ? target > 640 || resolution.equals("720p") : file.contains("720p"),
                task.isEmpty() ? file.contains("i2v") : task.contains("i2v"),
                file.contains("distilled"));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put(
                "hunyuan-video-1.5",
                new HunyuanVideo15Transformer(
                        new HunyuanConfig(
                                65,
                                32,
                                1,
                                2048,
                                16,
                                new HunyuanConfig.Depth(2, 54, 0),
                                3584,
                                256,
                                HunyuanConfig.Rope.DEFAULT),
                        new HunyuanVideo15Transformer.Widths(1472, 2048, 1152),
                        false,
                        new HunyuanVideo15Transformer.Release(false, false, false)));
        return releases;
    }
}
