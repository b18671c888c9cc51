package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.quant.ActivationQuantizer;

/// How a row of an activation becomes integers on the GPU.
///
/// @param scaling where the scales lie
/// @param groupSize channels of a block's scale: 16 to 512, a power of two; 0 where one scale serves the row
/// @param maxCode largest code: 7 at 4 bits, 31 at 6, 127 at 8
/// @param clip share of the range that a scale spans; with [Scaling#ROW_NORMALIZED] the span in rms
/// @param packed whether two codes share a byte, the even channel below; only for codes of 4 bits that are not
///     multiplied
public record CodeFormat(Scaling scaling, int groupSize, int maxCode, float clip, boolean packed) {

    private static final int LARGEST_GROUP = 512;

    /// Where the scales lie; the order is that of the kernel.
    public enum Scaling {
        /// One for a row, from its largest magnitude.
        TOKEN,
        /// One for a row, from its root mean square.
        ROW_NORMALIZED,
        /// One for a row and block, as an integer multiple of the row's; the multiple is part of the code
        /// (`docs/adr/0007`).
        BLOCK,
        /// One for a row and block, `[rows, width / groupSize]`.
        BLOCK_EXACT
    }

    public CodeFormat {
        boolean blocks = scaling == Scaling.BLOCK || scaling == Scaling.BLOCK_EXACT;
        if (blocks
                && (groupSize < RowGeometry.CHUNK || groupSize > LARGEST_GROUP || Integer.bitCount(groupSize) != 1)) {
            throw new IllegalArgumentException("groupSize is " + groupSize + "; powers of two from " + RowGeometry.CHUNK
                    + " to " + LARGEST_GROUP + " are accepted on the GPU");
        }
        if (maxCode < 1 || maxCode > 127 || packed && (maxCode > 7 || scaling == Scaling.BLOCK)) {
            throw new IllegalArgumentException("maxCode is " + maxCode + (packed ? " packed, " : ", ") + scaling
                    + "; 1 to 127 are accepted, packed 1 to 7 without block multiples");
        }
    }

    /// The format of a quantizer at this many bits, in nibbles where they fit.
    ///
    /// @throws IllegalArgumentException for quantizers that the kernels do not have, naming those that they have
    public static CodeFormat of(ActivationQuantizer quantizer, int width, int bits) {
        int maxCode = ActivationQuantizer.maxCode(bits);
        float clip = quantizer.clip(bits);
        return switch (quantizer.resolve(bits).fit(width)) {
            case ActivationQuantizer.Token _ -> new CodeFormat(Scaling.TOKEN, 0, maxCode, clip, bits <= 4);
            case ActivationQuantizer.RowNormalized _ ->
                new CodeFormat(Scaling.ROW_NORMALIZED, 0, maxCode, clip, bits <= 4);
            case ActivationQuantizer.Block block ->
                new CodeFormat(Scaling.BLOCK, block.groupSize(), maxCode, clip, false);
            case ActivationQuantizer.BlockExact block ->
                new CodeFormat(Scaling.BLOCK_EXACT, block.groupSize(), maxCode, clip, bits <= 4);
            default ->
                throw new IllegalArgumentException(
                        "the GPU kernels quantize activations by Token, RowNormalized, Block,"
                                + " BlockExact and Auto; not by " + quantizer);
        };
    }

    /// The same with whole bytes, for products that take codes of 8 bits.
    public CodeFormat unpacked() {
        return new CodeFormat(scaling, groupSize, maxCode, clip, false);
    }

    /// Bytes of the codes of a row.
    public int rowBytes(int width) {
        return packed ? width / 2 : width;
    }

    /// Scales of a row.
    public int scalesPerRow(int width) {
        return scaling == Scaling.BLOCK_EXACT ? width / groupSize : 1;
    }
}
