package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.TransformerFacts;

/// The sizes of a CogVideoX transformer.
///
/// @param channels of the latent that is sampled
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward network
/// @param heads attention heads; `dim / heads` is a multiple of 16
/// @param layers transformer blocks
/// @param textDim width of the text encoder's output
/// @param textLength tokens of a prompt, padding included
/// @param timeDim width of the timestep embedding
/// @param patchFrames latent frames per token: 1, or 2 from 1.5 on
/// @param positions how places in the clip are told
/// @param image what it reads of an image
public record CogVideoXConfig(
        int channels,
        int dim,
        int ffnDim,
        int heads,
        int layers,
        int textDim,
        int textLength,
        int timeDim,
        int patchFrames,
        Positions positions,
        ImageInput image) {

    /// What image-to-video models have beside the others.
    ///
    /// @param channels of an image's latent, beside those of the clip
    /// @param positions rows of a learned table that is added to text and clip (5B I2V); 0 without
    /// @param offsetDim width of a further embedding, always of the number 2 (1.5 5B I2V); 0 without
    public record ImageInput(int channels, int positions, int offsetDim) {
        /// Text-to-video.
        public static final ImageInput NONE = new ImageInput(0, 0, 0);
    }

    /// Epsilon of the norms of queries and keys.
    static final float QK_EPSILON = 1e-6f;

    /// Epsilon of every other norm.
    static final float EPSILON = 1e-5f;

    /// Rows and columns of a patch.
    static final int PATCH = 2;

    public CogVideoXConfig {
        if (heads < 1 || dim % heads != 0 || dim / heads % 16 != 0) {
            throw new IllegalArgumentException(
                    heads + " heads do not divide a width of " + dim + " into heads whose size is a multiple of 16");
        }
    }

    /// Channels that the patch embedding reads.
    int inChannels() {
        return channels + image.channels;
    }

    public int headDim() {
        return dim / heads;
    }

    /// Cells per token.
    TransformerFacts.Patch patch() {
        return new TransformerFacts.Patch(patchFrames, PATCH, PATCH);
    }

    /// Cells in a token.
    int patchCells() {
        return patchFrames * PATCH * PATCH;
    }
}
