package dev.quantreel.engines.vae;

/// How to cut pictures into tiles.
///
/// @param tilePixels side of a tile; 0 chooses the largest that keeps a run within [#AUTO_BYTES], often the whole
/// picture
/// @param overlapPixels how far neighbouring tiles reach into each other, blended linearly; 0 chooses a quarter of
/// the
/// tile
public record DecodeOptions(int tilePixels, int overlapPixels) {

    /// Working memory within which the tile is chosen.
    public static final long AUTO_BYTES = 2L << 30;

    /// Everything chosen.
    public static final DecodeOptions AUTO = new DecodeOptions(0, 0);

    public DecodeOptions {
        if (tilePixels < 0 || overlapPixels < 0 || tilePixels > 0 && overlapPixels > tilePixels / 2) {
            throw new IllegalArgumentException("tile " + tilePixels + " and overlap " + overlapPixels
                    + " pixels; accepted are an overlap of at most half the tile, and 0 to choose");
        }
    }
}
