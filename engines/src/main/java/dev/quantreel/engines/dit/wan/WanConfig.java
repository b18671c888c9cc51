package dev.quantreel.engines.dit.wan;

import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.TokenGrid;
import java.util.List;

/// The sizes of a Wan 2.1 or 2.2 transformer.
///
/// @param inChannels latent channels that go in; 36 where mask and image latent are concatenated
/// @param outChannels latent channels that come out
/// @param dim width of a token
/// @param ffnDim width inside the feed-forward network
/// @param heads attention heads; `dim / heads` is even
/// @param layers transformer blocks
/// @param textDim width of the text encoder's output
/// @param freqDim size of the sinusoidal timestep features, even
/// @param textLength tokens to which a prompt is padded with zeros
/// @param imageDim width of the CLIP features of an image-to-video model; 0 where there is no such branch
/// @param timestepPerFrame whether latent frames have timesteps of their own (Wan 2.2 5B), of which the first may be 0
public record WanConfig(
        int inChannels,
        int outChannels,
        int dim,
        int ffnDim,
        int heads,
        int layers,
        int textDim,
        int freqDim,
        int textLength,
        int imageDim,
        boolean timestepPerFrame) {

    /// Rows and columns of a patch; patches do not extend in time.
    public static final int PATCH = 2;

    /// Epsilon of every normalization but those around the image embedding.
    public static final float EPSILON = 1e-6f;

    /// Epsilon of the two LayerNorms of the image embedding.
    static final float IMAGE_EPSILON = 1e-5f;

    private static final double THETA = 10_000;

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

    /// Whether an image's CLIP features are read.
    boolean readsImageFeatures() {
        return imageDim > 0;
    }

    /// A third of the head (rounded down to even) each for rows and columns, the rest for time.
    RopeTable rope(TokenGrid grid) {
        int spatial = 2 * (headDim() / 6);
        return RopeTable.of(grid, List.of(headDim() - 2 * spatial, spatial, spatial), THETA, 0);
    }
}
