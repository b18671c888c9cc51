package dev.quantreel.engines.gpucheck;

/// What a block of Wan's form can gain at most when only its linears become faster: `1 / ((1 - a) / r + a)`, by the
/// operations of its products and of its attention.
///
/// @param tokens of the picture
/// @param width of the model
/// @param mlp width within the MLP
record Roofline(long tokens, long width, long mlp) {

    /// Tokens of a prompt.
    private static final long TEXT = 512;

    /// Share of attention in the operations, `a`.
    double attention() {
        double linear = 2.0 * tokens * (6 * width * width + 2 * width * mlp) + 4.0 * TEXT * width * width;
        double attention = 4.0 * tokens * (tokens + TEXT) * width;
        return attention / (linear + attention);
    }

    /// @param ratio how much faster the linears' instructions are, `r`
    double bound(double ratio) {
        double a = attention();
        return 1 / ((1 - a) / ratio + a);
    }

    /// How much faster a chip multiplies integers than 16-bit floats that are summed in 32 bits, by its maker; of the
    /// chips of a capability the one where it is most. Products of 4 bits are twice as fast as those of 8 where the
    /// chip has them, elsewhere they are made of 8 bits.
    ///
    /// @param capability as in sm_90
    /// @param bits of both factors
    static double integersOverBf16(int capability, int bits) {
        double eight =
                switch (capability) {
                    case 86, 89, 120 -> 4;
                    default -> 2;
                };
        boolean four = bits == 4 && (capability == 80 || capability == 86 || capability == 89);
        return four ? 2 * eight : eight;
    }
}
