package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.DType;
import java.util.function.DoubleBinaryOperator;

/// Operators on single elements.
final class Elementwise {

    private Elementwise() {}

    static double gelu(double x) {
        return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }

    static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    /// Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7.
    static double erf(double x) {
        double t = 1 / (1 + 0.3275911 * Math.abs(x));
        double polynomial =
                t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return Math.copySign(1 - polynomial * Math.exp(-x * x), x);
    }

    /// Integers are cut towards zero.
    static NdArray divide(NdArray a, NdArray b) {
        boolean real = a.dtype() == DType.F32;
        return NdArray.zip(a.dtype(), a, b, (x, y) -> real ? x / y : (double) ((long) x / (long) y));
    }

    static NdArray fold(NodeCall call, DoubleBinaryOperator operation) {
        NdArray result = call.in(0);
        for (int i = 1; i < call.inputs().size(); i++) {
            result = NdArray.zip(result.dtype(), result, call.in(i), operation);
        }
        return result;
    }

    static NdArray clip(NodeCall call) {
        double low = call.has(1) ? call.in(1).get(0) : Double.NEGATIVE_INFINITY;
        double high = call.has(2) ? call.in(2).get(0) : Double.POSITIVE_INFINITY;
        return call.in(0).map(v -> Math.min(Math.max(v, low), high));
    }

    /// Unsigned integers; attribute `direction` is LEFT or RIGHT.
    static NdArray shift(NodeCall call) {
        boolean left = call.text("direction", "").equals("LEFT");
        NdArray x = call.in(0);
        return NdArray.zip(
                x.dtype(), x, call.in(1), (value, by) -> left ? (long) value << (int) by : (long) value >> (int) by);
    }

    static NdArray where(NdArray condition, NdArray a, NdArray b) {
        int[] dims = NdArray.broadcast(condition.dims(), NdArray.broadcast(a.dims(), b.dims()));
        return NdArray.of(
                a.dtype(),
                dims,
                i -> condition.get(condition.offset(i, dims)) != 0
                        ? a.get(a.offset(i, dims))
                        : b.get(b.offset(i, dims)));
    }

    /// Floats are cut towards zero.
    static NdArray cast(NdArray x, DType dtype) {
        return NdArray.of(dtype, x.dims(), x::get);
    }
}
