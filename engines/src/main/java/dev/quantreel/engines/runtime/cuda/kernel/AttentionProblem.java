package dev.quantreel.engines.runtime.cuda.kernel;

/// Sizes of an attention.
///
/// @param batch sequences that do not see each other
/// @param queries tokens that ask, of each sequence
/// @param keys tokens that are asked; those of the queries in self-attention
/// @param heads heads of each token
/// @param headDim channels of a head: even, 128 at most; padded to 64 or 128 inside
/// @param scale factor of the scores, usually `1 / sqrt(headDim)`
public record AttentionProblem(int batch, int queries, int keys, int heads, int headDim, float scale) {

    /// Keys of a tile.
    public static final int KEY_TILE = 64;

    /// Tokens that one thread sums for the mean of keys and the largest values.
    public static final int PART = 256;

    private static final int NARROW = 64;
    private static final int WIDE = 128;

    public AttentionProblem {
        if (batch < 1 || queries < 1 || keys < 1 || heads < 1) {
            throw new IllegalArgumentException("attention of " + batch + " x " + queries + " queries, " + keys
                    + " keys, " + heads + " heads; at least one of each is needed");
        }
        if (headDim < 2 || headDim > WIDE || headDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "attention with heads of " + headDim + " channels; even numbers up to " + WIDE + " are supported");
        }
    }

    /// Channels of a head in the packed operands.
    public int paddedDim() {
        return headDim <= NARROW ? NARROW : WIDE;
    }

    /// Channels of a token.
    public int channels() {
        return heads * headDim;
    }

    public int keyTiles() {
        return Math.ceilDiv(keys, KEY_TILE);
    }

    /// Parts of the keys that are summed apart.
    public int parts() {
        return Math.ceilDiv(keys, PART);
    }

    /// Multiplications and additions of both products, for rates.
    public double operations() {
        return 4.0 * batch * heads * queries * keys * headDim;
    }

    /// All heads of all sequences.
    long allHeads() {
        return (long) batch * heads;
    }
}
