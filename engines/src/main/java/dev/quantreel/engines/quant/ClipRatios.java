package dev.quantreel.engines.quant;

/// By how much the range of an activation is shrunk (or, for a row-normalised scale, how many rms it spans), by bits.
///
/// @param four up to 4 bits
/// @param six 5 and 6 bits
/// @param eight 7 and 8 bits
public record ClipRatios(float four, float six, float eight) {

    /// No clipping.
    public static final ClipRatios NONE = new ClipRatios(1, 1, 1);

    /// Best for one scale per rotated token.
    public static final ClipRatios TOKEN = new ClipRatios(0.7f, 0.95f, 1);

    /// Best for blocks of 64 channels.
    public static final ClipRatios BLOCK = new ClipRatios(0.9f, 1, 1);

    /// Range of a row-normalised scale in rms of the token.
    public static final ClipRatios ROW_NORMALIZED = new ClipRatios(2.24f, 3.5f, 5);

    public ClipRatios {
        if (!(four > 0) || !(six > 0) || !(eight > 0)) {
            throw new IllegalArgumentException(
                    "clip ratios must be positive, got " + four + ", " + six + " and " + eight);
        }
    }

    public float at(int bits) {
        return bits <= 4 ? four : bits <= 6 ? six : eight;
    }
}
