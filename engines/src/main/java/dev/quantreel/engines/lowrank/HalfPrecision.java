package dev.quantreel.engines.lowrank;

import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;

/// A matrix in 16 bits: `factor * values`.
///
/// F16 and BF16 stay as they are, views of their file. Other types are multiplied by a power of two that brings their
/// largest magnitude into [1, 2), and rounded to F16: the error of an element is at most 2^-11 of it, or 2^-25 of the
/// largest one.
///
/// @param values F16 or BF16
/// @param factor a power of two
public record HalfPrecision(Tensor values, float factor) {

    /// @param matrix of any float type, finite
    public static HalfPrecision of(Tensor matrix) {
        if (matrix.dtype() == DType.F16 || matrix.dtype() == DType.BF16) {
            return new HalfPrecision(matrix, 1);
        }
        float[] values = Conversions.toFloatArray(matrix);
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        int exponent = largest == 0 ? 0 : Math.clamp(Math.getExponent(largest), -100, 100);
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.scalb(values[i], -exponent);
        }
        Tensor scaled = Tensor.of(matrix.shape(), values);
        return new HalfPrecision(Conversions.fromF32(scaled, DType.F16), Math.scalb(1f, exponent));
    }
}
