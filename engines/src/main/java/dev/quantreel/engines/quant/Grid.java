package dev.quantreel.engines.quant;

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

    /// The code before it is clamped to `0..maxCode`.
    float unclamped(float weight) {
        return (float) Math.rint(weight * inverse()) + zeroPoint;
    }

    int code(float weight) {
        return clamp((int) unclamped(weight), maxCode);
    }

    float value(int code) {
        return step * (code - zeroPoint);
    }

    float inverse() {
        return 1 / step;
    }

    static int clamp(int code, int maxCode) {
        return Math.clamp(code, 0, maxCode);
    }
}
