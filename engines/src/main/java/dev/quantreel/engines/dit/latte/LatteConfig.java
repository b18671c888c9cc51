package dev.quantreel.engines.dit.latte;

/// The sizes of a Latte transformer.
///
/// @param channels of the latent that goes in
/// @param outChannels what comes out: the prediction, and behind it a learned variance that is not used
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward networks
/// @param heads attention heads
/// @param pairs of a spatial and a temporal block
/// @param textDim width of the text encoder's output
/// @param freqDim size of the sinusoidal timestep features, even
/// @param sampleSize rows and columns of the latents it was trained on
public record LatteConfig(
        int channels,
        int outChannels,
        int dim,
        int ffnDim,
        int heads,
        int pairs,
        int textDim,
        int freqDim,
        int sampleSize) {

    /// Rows and columns of a patch; patches do not extend in time.
    static final int PATCH = 2;

    public LatteConfig {
        if (heads < 1 || dim % heads != 0 || dim % 4 != 0) {
            throw new IllegalArgumentException(heads + " heads do not divide a width of " + dim
                    + ", which must be a multiple of 4; set num_attention_heads in the config metadata of the file");
        }
        if (outChannels < channels) {
            throw new IllegalArgumentException(
                    outChannels + " channels come out, fewer than the " + channels + " of the latent");
        }
    }

    public int headDim() {
        return dim / heads;
    }
}
