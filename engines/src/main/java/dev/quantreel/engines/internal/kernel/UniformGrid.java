package dev.quantreel.engines.internal.kernel;

/// A uniform grid as kernels see it: the values `step * q`, `q` an integer in `low..high`.
///
/// Rounding is done by adding 1.5 * 2^23: a float of that size has one unit in the last place, so its bits count
/// integers, and clamping is an integer minimum and maximum.
///
/// @param step distance of two values, positive
/// @param low smallest code less the zero point
/// @param high largest code less the zero point
public record UniformGrid(float step, int low, int high) {

    /// Adding and subtracting it rounds a float below 2^22 to the nearest integer, ties to even.
    static final float ROUNDER = 12582912f;

    /// Its bits; those of `ROUNDER + q` are larger by `q`.
    static final int ROUNDER_BITS = 0x4B40_0000;

    /// `1 / step` as the kernels multiply by it.
    public float inverse() {
        return 1 / step;
    }

    /// The integer of the nearest value. NaN and infinities go to an end.
    ///
    /// @param inverse [#inverse], computed once per row
    public int level(float weight, float inverse) {
        return Math.clamp((long) position(weight, inverse), low, high);
    }

    /// The integer of the nearest value if the grid had no ends; any integer beyond them for large weights.
    static int position(float weight, float inverse) {
        int bits = Float.floatToRawIntBits(Math.fma(weight, inverse, ROUNDER));
        return bits < 0 ? Integer.MIN_VALUE : bits - ROUNDER_BITS;
    }

    /// What rounding to the grid leaves of a weight.
    float error(float weight, float inverse) {
        return Math.fma(-step, (float) level(weight, inverse), weight);
    }
}
