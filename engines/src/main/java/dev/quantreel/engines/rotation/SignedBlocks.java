package dev.quantreel.engines.rotation;

/// The parts of a [Rotation] for code that applies it by itself: channels are put in their order, multiplied by
/// [#factor] or its negative, and every run of [#blockSize] goes through a fast Walsh-Hadamard transform whose stages
/// add and subtract values 1, 2, 4 ... apart. Immutable.
public final class SignedBlocks {

    private final int blockSize;
    private final float factor;
    private final float[] scaledSigns;
    private final int[] sources;

    /// @param scaledSigns `factor` or its negative by channel; not copied
    /// @param sources channel that comes to a place, empty for its own; not copied
    SignedBlocks(int blockSize, float factor, float[] scaledSigns, int[] sources) {
        this.blockSize = blockSize;
        this.factor = factor;
        this.scaledSigns = scaledSigns;
        this.sources = sources;
    }

    public int width() {
        return scaledSigns.length;
    }

    /// Channels of a block, a power of two that divides the width.
    public int blockSize() {
        return blockSize;
    }

    /// One over the root of the block size.
    public float factor() {
        return factor;
    }

    /// Whether the channel that stands at a place is negated.
    public boolean isNegative(int place) {
        return scaledSigns[place] < 0;
    }

    /// Whether channels change their places.
    public boolean isPermuted() {
        return sources.length > 0;
    }

    /// The channel that comes to a place.
    public int source(int place) {
        return isPermuted() ? sources[place] : place;
    }
}
