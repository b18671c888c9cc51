package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.UniformGrid;

/// A uniform asymmetric grid: `ŵ = step * (code - zeroPoint)`, `code` in `0..maxCode`.
///
/// @param step distance of two values, positive
/// @param zeroPoint the code of 0
/// @param maxCode `2^bits - 1`
record Grid(float step, int zeroPoint, int maxCode) {

    /// The grid over `[low, high]`, which contains 0.
    static Grid over(float low, float high, int maxCode) {
        float step = Math.max((high - low) / maxCode, Float.MIN_NORMAL);
        if (high <= low) {
            return new Grid(1, 0, maxCode);
        }
        return new Grid(step, clamp((int) Math.rint(-low / step), maxCode), maxCode);
    }

    /// `code - zeroPoint` of the nearest grid value; the arithmetic of the kernels, so that the error they see is the
    /// error that results.
    ///
    /// @param inverse [#inverse], computed once per row
    float level(float weight, float inverse) {
        return uniform().level(weight, inverse);
    }

    int code(float weight, float inverse) {
        return uniform().level(weight, inverse) + zeroPoint;
    }

    float inverse() {
        return uniform().inverse();
    }

    /// The grid as kernels take it.
    UniformGrid uniform() {
        return new UniformGrid(step, -zeroPoint, maxCode - zeroPoint);
    }

    static int clamp(int code, int maxCode) {
        return Math.clamp(code, 0, maxCode);
    }
}
