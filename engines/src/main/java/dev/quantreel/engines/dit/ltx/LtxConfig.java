package dev.quantreel.engines.dit.ltx;

/// The sizes of an LTX-Video transformer.
///
/// @param channels of the latent, in and out
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward network
/// @param heads attention heads; `dim / heads` is even
/// @param layers transformer blocks
/// @param textDim width of the text encoder's output
/// @param freqDim size of the sinusoidal timestep features, even
/// @param causalTime whether the positions count that the first latent frame is one picture
/// (`causal_temporal_positioning`, from 0.9.5 on); otherwise every latent frame counts as eight
public record LtxConfig(
        int channels, int dim, int ffnDim, int heads, int layers, int textDim, int freqDim, boolean causalTime) {

    /// Epsilon of the norms of queries and keys.
    static final float QK_EPSILON = 1e-5f;

    /// Frames per second that positions are measured at, the usual value of the release.
    static final double FRAMES_PER_SECOND = 25;

    /// Pixels per latent cell and side.
    static final int SPATIAL_FACTOR = 32;

    /// Pictures per latent frame.
    static final int TEMPORAL_FACTOR = 8;

    public LtxConfig {
        if (heads < 1 || dim % heads != 0 || dim / heads % 2 != 0) {
            throw new IllegalArgumentException(heads + " heads do not divide a width of " + dim
                    + " into heads of even size; set num_attention_heads in the config metadata of the file");
        }
        if (dim < 12) {
            throw new IllegalArgumentException(
                    "a width of " + dim + " leaves no two frequencies to time, rows, columns");
        }
        if (freqDim % 2 != 0) {
            throw new IllegalArgumentException("timestep features of odd size " + freqDim);
        }
    }

    public int headDim() {
        return dim / heads;
    }
}
