package dev.quantreel.engines.vae;

/// How to cut pictures into tiles.
///
/// @param tilePixels side of a tile; 0 chooses the largest that keeps a run within `budgetBytes`, often the whole
/// picture
/// @param overlapPixels how far neighbouring tiles reach into each other, blended linearly; 0 chooses a quarter of the
/// tile
/// @param budgetBytes working memory within which a tile is chosen; at most [#AUTO_BYTES] are used
public record DecodeOptions(int tilePixels, int overlapPixels, long budgetBytes) {

    /// Working memory within which the tile is chosen where there is enough.
    public static final long AUTO_BYTES = 2L << 30;

    /// Everything chosen.
    public static final DecodeOptions AUTO = new DecodeOptions(0, 0);

    public DecodeOptions {
        if (tilePixels < 0 || overlapPixels < 0 || tilePixels > 0 && overlapPixels > tilePixels / 2) {
            throw new IllegalArgumentException("tile " + tilePixels + " and overlap " + overlapPixels
                    + " pixels; accepted are an overlap of at most half the tile, and 0 to choose");
        }
        budgetBytes = Math.clamp(budgetBytes, 0, AUTO_BYTES);
    }

    /// With the usual working memory.
    public DecodeOptions(int tilePixels, int overlapPixels) {
        this(tilePixels, overlapPixels, AUTO_BYTES);
    }

    /// The same within less memory.
    public DecodeOptions within(long bytes) {
        return new DecodeOptions(tilePixels, overlapPixels, bytes);
    }

    /// The same with a tile of this side.
    public DecodeOptions withTile(int pixels) {
        return new DecodeOptions(pixels, Math.min(overlapPixels, pixels / 2), budgetBytes);
    }
}
