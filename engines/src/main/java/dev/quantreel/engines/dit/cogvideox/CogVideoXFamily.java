package dev.quantreel.engines.dit.cogvideox;

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

/// CogVideoX 2B, 5B and 1.5 5B, text-to-video and image-to-video.
///
/// Shapes do not say how positions are told: without a `config` in the metadata, a model of 30 blocks is the 2B one,
/// which adds a table, and others rotate.
public final class CogVideoXFamily implements TransformerFamily {

    private static final int LAYERS_OF_2B = 30;
    private static final int DEFAULT_TEXT_LENGTH = 226;
    private static final int DEFAULT_SAMPLE_HEIGHT = 60;
    private static final int DEFAULT_SAMPLE_WIDTH = 90;
    private static final int DEFAULT_PATCH_FRAMES = 2;

    /// Of 49 pictures.
    private static final int LATENT_FRAMES = 13;

    @Override
    public String title() {
        return "CogVideoX";
    }

    @Override
    public List<KeyLayout> layouts() {
        return List.of(
                KeyLayout.slicing(
                        "diffusers",
                        List.of("patch_embed.text_proj.weight", "transformer_blocks.0.norm1.linear.weight"),
                        CogVideoXKeys::diffusers),
                KeyLayout.slicing(
                        "original",
                        List.of(
                                "mixins.patch_embed.text_proj.weight",
                                "mixins.adaln_layer.adaLN_modulations.0.1.weight"),
                        CogVideoXKeys::sat));
    }

    @Override
    public TransformerArchitecture read(Checkpoint canonical) {
        int dim = CheckpointShapes.extent(canonical, "patch_embed.text_proj.weight", 2, 0);
        int layers = 0;
        while (canonical.contains("transformer_blocks." + layers + ".norm1.norm.weight")) {
            layers++;
        }
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        boolean flat = canonical.shape("patch_embed.proj.weight").rank() == 2;
        int patchFrames = flat ? metadata.positive("patch_size_t").orElse(DEFAULT_PATCH_FRAMES) : 1;
        int out = CheckpointShapes.extent(canonical, "proj_out.weight", 2, 0);
        int channels = out / (patchFrames * CogVideoXConfig.PATCH * CogVideoXConfig.PATCH);
        int headDim = CheckpointShapes.extent(canonical, "transformer_blocks.0.attn1.norm_q.weight", 1, 0);
        return new CogVideoXTransformer(new CogVideoXConfig(
                channels,
                dim,
                CheckpointShapes.extent(canonical, "transformer_blocks.0.ff.net.0.proj.weight", 2, 0),
                dim / headDim,
                layers,
                CheckpointShapes.extent(canonical, "patch_embed.text_proj.weight", 2, 1),
                metadata.positive("max_text_seq_length").orElse(DEFAULT_TEXT_LENGTH),
                CheckpointShapes.extent(canonical, "time_embedding.linear_1.weight", 2, 0),
                patchFrames,
                positions(metadata, layers, flat),
                image(canonical, channels, flat ? patchFrames * CogVideoXConfig.PATCH * CogVideoXConfig.PATCH : 1)));
    }

    @Override
    public SequencedMap<String, TransformerArchitecture> releases() {
        int height = DEFAULT_SAMPLE_HEIGHT / CogVideoXConfig.PATCH;
        int width = DEFAULT_SAMPLE_WIDTH / CogVideoXConfig.PATCH;
        SequencedMap<String, TransformerArchitecture> releases = new LinkedHashMap<>();
        releases.put(
                "cogvideox-2b",
                new CogVideoXTransformer(new CogVideoXConfig(
                        16,
                        1920,
                        7680,
                        30,
                        LAYERS_OF_2B,
                        4096,
                        DEFAULT_TEXT_LENGTH,
                        512,
                        1,
                        new Positions.Added(),
                        CogVideoXConfig.ImageInput.NONE)));
        Positions stretched = new Positions.Stretched(height, width);
        int table = DEFAULT_TEXT_LENGTH + LATENT_FRAMES * height * width;
        releases.put("cogvideox-5b", of5b(1, stretched, CogVideoXConfig.ImageInput.NONE));
        releases.put("cogvideox-5b-i2v", of5b(1, stretched, new CogVideoXConfig.ImageInput(16, table, 0)));
        releases.put(
                "cogvideox-1.5-5b",
                of5b(DEFAULT_PATCH_FRAMES, new Positions.Counted(), CogVideoXConfig.ImageInput.NONE));
        releases.put(
                "cogvideox-1.5-5b-i2v",
                of5b(DEFAULT_PATCH_FRAMES, new Positions.Counted(), new CogVideoXConfig.ImageInput(16, 0, 512)));
        return releases;
    }

    private static CogVideoXTransformer of5b(int patchFrames, Positions positions, CogVideoXConfig.ImageInput image) {
        return new CogVideoXTransformer(new CogVideoXConfig(
                16, 3072, 12288, 48, 42, 4096, DEFAULT_TEXT_LENGTH, 512, patchFrames, positions, image));
    }

    /// Image-to-video models read the latent of an image beside their own.
    ///
    /// @param cells values per channel in a column of the patch embedding
    private static CogVideoXConfig.ImageInput image(Checkpoint canonical, int channels, int cells) {
        long in = canonical.shape("patch_embed.proj.weight").dim(1) / cells;
        if (in == channels) {
            return CogVideoXConfig.ImageInput.NONE;
        }
        if (in != 2L * channels) {
            throw new UnsupportedCheckpointException(
                    canonical.source(),
                    "tensor patch_embed.proj.weight reads " + in + " channels and the model puts out " + channels
                            + "; accepted are CogVideoX models that read " + channels + " (text-to-video) or "
                            + 2 * channels + " (image-to-video)");
        }
        return new CogVideoXConfig.ImageInput(
                channels,
                canonical.contains(CogVideoXKeys.POSITIONS)
                        ? CheckpointShapes.extent(canonical, CogVideoXKeys.POSITIONS, 3, 1)
                        : 0,
                canonical.contains("ofs_embedding.linear_1.weight")
                        ? CheckpointShapes.extent(canonical, "ofs_embedding.linear_1.weight", 2, 1)
                        : 0);
    }

    private static Positions positions(ConfigMetadata metadata, int layers, boolean flat) {
        if (flat) {
            return new Positions.Counted();
        }
        String told = metadata.text("use_rotary_positional_embeddings");
        boolean rotary = told.isEmpty() ? layers != LAYERS_OF_2B : told.equals("true");
        return rotary
                ? new Positions.Stretched(
                        metadata.positive("sample_height").orElse(DEFAULT_SAMPLE_HEIGHT) / CogVideoXConfig.PATCH,
                        metadata.positive("sample_width").orElse(DEFAULT_SAMPLE_WIDTH) / CogVideoXConfig.PATCH)
                : new Positions.Added();
    }
}
