package dev.quantreel.engines.dit;

/// The sizes of a Wan 2.1 text-to-video transformer.
///
/// @param inChannels latent channels that go in
/// @param outChannels latent channels that come out
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward network
/// @param heads attention heads; `dim / heads` is even
/// @param layers transformer blocks
/// @param textDim width of the text encoder's output
/// @param freqDim size of the sinusoidal timestep features, even
/// @param textLength tokens to which a prompt is padded with zeros
public record WanConfig(
        int inChannels,
        int outChannels,
        int dim,
        int ffnDim,
        int heads,
        int layers,
        int textDim,
        int freqDim,
        int textLength) {

    /// Rows and columns of a patch; patches do not extend in time.
    public static final int PATCH = 2;

    /// Epsilon of every normalization.
    public static final float EPSILON = 1e-6f;

    public WanConfig {
        if (heads < 1 || dim % heads != 0 || dim / heads % 2 != 0) {
            throw new IllegalArgumentException(heads + " heads do not divide a width of " + dim
                    + " into heads of even size; set num_heads in the" + " config metadata of the file");
        }
        if (freqDim % 2 != 0) {
            throw new IllegalArgumentException("timestep features of odd size " + freqDim);
        }
    }

    public int headDim() {
        return dim / heads;
    }
}
