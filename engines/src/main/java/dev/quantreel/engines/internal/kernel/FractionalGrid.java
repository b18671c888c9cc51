package dev.quantreel.engines.internal.kernel;

/// A uniform grid whose zero lies between two codes: the values `step * (code - zero)`, `code` in `0..maxCode`.
///
/// @param step distance of two values, positive
/// @param zero where 0 lies among the codes
public record FractionalGrid(float step, float zero, int maxCode) {

    /// `1 / step` as the kernels multiply by it.
    public float inverse() {
        return 1 / step;
    }

    /// The nearest code.
    ///
    /// @param inverse [#inverse], computed once per run
    public int code(float weight, float inverse) {
        float rounded = weight * inverse + zero + UniformGrid.ROUNDER;
        int bits = Float.floatToRawIntBits(rounded);
        return bits < 0 ? 0 : Math.clamp((long) bits - UniformGrid.ROUNDER_BITS, 0, maxCode);
    }

    /// What a code stands for.
    float value(int code) {
        return step * (code - zero);
    }
}
