package dev.quantreel.engines.internal.kernel;

/// Powers of floats by few multiplications, the same bits by [#of] and in the lanes of vectors ([VectorPowers]).
///
/// `x^p = 2^(p log2 x)`: the logarithm of the mantissa between √½ and √2 and the power of two of the fraction are
/// polynomials of least relative error. Relative error of results below 5e-6 for exponents of up to 8.
/// Results beyond 2^-124 or 2^126 stay there; 0 counts as 2^-127.
final class Powers {

    /// Bits of √½: counted from there, the exponent of a float is that of its mantissa nearest 1.
    static final int ROOT_BITS = 0x3F35_04F3;

    static final int MANTISSA = 0x007F_FFFF;

    /// `log2(1 + t) / t`, by rising powers.
    static final float[] LOGARITHM = {
        1.44269496f,
        -0.721352788f,
        0.480923238f,
        -0.360239628f,
        0.287098812f,
        -0.248877131f,
        0.234041555f,
        -0.145809786f
    };

    /// `(2^f - 1) / f`, by rising powers.
    static final float[] POWER = {0.693147144f, 0.240223513f, 0.0555050023f, 0.00966624541f, 0.00133335335f};

    /// Bounds of the whole part of the logarithm of a result.
    static final int LEAST = -125;

    static final int MOST = 126;

    private Powers() {}

    /// @param x 0 or more, finite
    /// @param p exponent, finite
    static float of(float x, float p) {
        int shifted = Float.floatToRawIntBits(x) - ROOT_BITS;
        float t = Float.intBitsToFloat((shifted & MANTISSA) + ROOT_BITS) - 1;
        float logarithm = LOGARITHM[LOGARITHM.length - 1];
        for (int i = LOGARITHM.length - 2; i >= 0; i--) {
            logarithm = Math.fma(logarithm, t, LOGARITHM[i]);
        }
        float scaled = p * Math.fma(logarithm, t, (float) (shifted >> 23));
        float rounded = scaled + UniformGrid.ROUNDER;
        float fraction = scaled - (rounded - UniformGrid.ROUNDER);
        float power = POWER[POWER.length - 1];
        for (int i = POWER.length - 2; i >= 0; i--) {
            power = Math.fma(power, fraction, POWER[i]);
        }
        int whole = Math.clamp(Float.floatToRawIntBits(rounded) - UniformGrid.ROUNDER_BITS, LEAST, MOST);
        return Float.intBitsToFloat(Float.floatToRawIntBits(Math.fma(power, fraction, 1)) + (whole << 23));
    }
}
