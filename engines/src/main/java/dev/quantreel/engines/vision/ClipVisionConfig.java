package dev.quantreel.engines.vision;

import dev.quantreel.engines.dit.ConfigMetadata;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Set;

/// Sizes of a picture encoder.
///
/// @param kind which family it is of
/// @param dim width of a token
/// @param heads attention heads
/// @param layers all transformer layers
/// @param patch side of a patch, pixels
/// @param imageSize side of a picture, pixels
/// @param activation of the feed-forward networks
record ClipVisionConfig(Kind kind, int dim, int heads, int layers, int patch, int imageSize, Activation activation) {

    private static final int HEAD_DIM = 64;

    /// ViT-H and SigLIP's So400m have wider heads.
    private static final Set<Integer> WIDE_HEADS = Set.of(1280, 1152);

    private static final int HUGE_HEADS = 16;

    /// So400m reads pictures of 384 pixels, of which 27 patches of 14 leave out the last six.
    private static final int SO400M_PIXELS = 378;

    private static final int SO400M_SIZE = 384;

    /// ViT-L is the one of OpenAI's own, which uses the quick form.
    private static final int LARGE_DIM = 1024;

    enum Activation {
        GELU,
        GELU_TANH,
        QUICK_GELU
    }

    /// Families of encoders.
    enum Kind {
        /// Radford et al. 2021, arXiv 2103.00020: a class token, and what reads it wants the layer before the last.
        CLIP("CLIP vision", 1e-5f),
        /// Zhai et al. 2023, arXiv 2303.15343: patches alone, and what reads it wants the last layer, normalised.
        SIGLIP("SigLIP vision", 1e-6f);

        private final String title;
        private final float epsilon;

        Kind(String title, float epsilon) {
            this.title = title;
            this.epsilon = epsilon;
        }

        String title() {
            return title;
        }

        /// Of the norms.
        float epsilon() {
            return epsilon;
        }
    }

    /// Whether a class token goes before the patches.
    boolean hasClass() {
        return kind == Kind.CLIP;
    }

    /// Layers that are run.
    int layersRead() {
        return kind == Kind.CLIP ? layers - 1 : layers;
    }

    /// Vectors that come out.
    int tokens() {
        int patches = imageSize / patch;
        return patches * patches + (hasClass() ? 1 : 0);
    }

    static ClipVisionConfig of(ClipVisionKeys keys) {
        int dim = CheckpointShapes.extent(keys, ClipVisionKeys.PATCHES, 4, 0);
        int patch = CheckpointShapes.extent(keys, ClipVisionKeys.PATCHES, 4, 3);
        int positions = CheckpointShapes.extent(keys, ClipVisionKeys.POSITIONS, 2, 0);
        Kind kind = keys.contains(ClipVisionKeys.CLASS) ? Kind.CLIP : Kind.SIGLIP;
        int classes = kind == Kind.CLIP ? 1 : 0;
        int side = (int) Math.round(Math.sqrt(positions - classes));
        int layers = 0;
        while (keys.contains(ClipVisionKeys.layer(layers) + "layer_norm1.weight")) {
            layers++;
        }
        if (side * side + classes != positions || layers < 2) {
            throw new UnsupportedCheckpointException(
                    keys.source(),
                    layers + " layers and " + positions + " positions; expected 2 layers or more, and "
                            + (classes == 0 ? "as many positions as a square" : "one position more than a square"));
        }
        ConfigMetadata metadata = ConfigMetadata.of(keys);
        int heads = metadata.positive("num_attention_heads")
                .orElse(WIDE_HEADS.contains(dim) ? HUGE_HEADS : Math.max(1, dim / HEAD_DIM));
        int pixels = side * patch == SO400M_PIXELS ? SO400M_SIZE : side * patch;
        return new ClipVisionConfig(
                kind,
                dim,
                heads,
                layers,
                patch,
                metadata.positive("image_size").orElse(pixels),
                activation(kind, dim, metadata.text("hidden_act")));
    }

    private static Activation activation(Kind kind, int dim, String told) {
        if (kind == Kind.SIGLIP) {
            return Activation.GELU_TANH;
        }
        boolean quick = told.isEmpty() ? dim == LARGE_DIM : told.equals("quick_gelu");
        return quick ? Activation.QUICK_GELU : Activation.GELU;
    }
}
