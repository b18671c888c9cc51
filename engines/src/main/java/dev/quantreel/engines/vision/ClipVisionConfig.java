package dev.quantreel.engines.vision;

import dev.quantreel.engines.dit.ConfigMetadata;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;

/// Sizes of a CLIP picture encoder.
///
/// @param dim width of a token
/// @param heads attention heads
/// @param layers all transformer layers; the last is not run
/// @param patch side of a patch, pixels
/// @param imageSize side of a picture, pixels
/// @param activation of the feed-forward networks
record ClipVisionConfig(int dim, int heads, int layers, int patch, int imageSize, Activation activation) {

    static final float EPSILON = 1e-5f;
    private static final int HEAD_DIM = 64;

    /// ViT-H alone has wider heads.
    private static final int HUGE_DIM = 1280;

    private static final int HUGE_HEADS = 16;

    /// ViT-L is the one of OpenAI's own, which uses the quick form.
    private static final int LARGE_DIM = 1024;

    enum Activation {
        GELU,
        QUICK_GELU
    }

    static ClipVisionConfig of(ClipVisionKeys keys) {
        int dim = CheckpointShapes.extent(keys, ClipVisionKeys.PATCHES, 4, 0);
        int patch = CheckpointShapes.extent(keys, ClipVisionKeys.PATCHES, 4, 3);
        int positions = CheckpointShapes.extent(keys, ClipVisionKeys.POSITIONS, 2, 0);
        int side = (int) Math.round(Math.sqrt(positions - 1));
        int layers = 0;
        while (keys.contains(ClipVisionKeys.layer(layers) + "layer_norm1.weight")) {
            layers++;
        }
        if (side * side + 1 != positions || layers < 2) {
            throw new UnsupportedCheckpointException(
                    keys.source(),
                    layers + " layers and " + positions + " positions; expected 2 layers or more, and one position"
                            + " more than a square");
        }
        ConfigMetadata metadata = ConfigMetadata.of(keys);
        int heads = metadata.positive("num_attention_heads")
                .orElse(dim == HUGE_DIM ? HUGE_HEADS : Math.max(1, dim / HEAD_DIM));
        boolean quick = metadata.text("hidden_act").isEmpty()
                ? dim == LARGE_DIM
                : metadata.text("hidden_act").equals("quick_gelu");
        return new ClipVisionConfig(
                dim, heads, layers, patch, side * patch, quick ? Activation.QUICK_GELU : Activation.GELU);
    }
}
