package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.TransformerFacts;

/// The sizes of a CogVideoX transformer.
///
/// @param channels of the latent, in and out
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward network
/// @param heads attention heads; `dim / heads` is a multiple of 16
/// @param layers transformer blocks
/// @param textDim width of the text encoder's output
/// @param textLength tokens of a prompt, padding included
/// @param timeDim width of the timestep embedding
/// @param patchFrames latent frames per token: 1, or 2 from 1.5 on
/// @param positions how places in the clip are told
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
        Positions positions) {

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
