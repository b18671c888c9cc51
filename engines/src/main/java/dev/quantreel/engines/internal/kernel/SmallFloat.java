package dev.quantreel.engines.internal.kernel;

/// A float format of at most 16 bits with IEEE-like subnormals, as numbers that drive the narrowing kernels.
///
/// @param mantissaBits stored bits of the fraction
/// @param bias exponent bias
/// @param largest code of the largest finite value
/// @param infinity code that overflow takes: the infinity, or `largest` where the format saturates
/// @param nan code of NaN
record SmallFloat(int mantissaBits, int bias, int largest, int infinity, int nan) {

    static final SmallFloat F16 = new SmallFloat(10, 15, 0x7BFF, 0x7C00, 0x7E00);
    static final SmallFloat E4M3 = new SmallFloat(3, 7, 0x7E, 0x7E, 0x7F);
    static final SmallFloat E5M2 = new SmallFloat(2, 15, 0x7B, 0x7B, 0x7F);

    /// Fraction bits of F32 that are rounded away.
    int shift() {
        return 23 - mantissaBits;
    }

    /// F32 bits of the smallest normal value.
    int smallestNormal() {
        return (127 - bias + 1) << 23;
    }

    /// F32 bits of the power of two whose unit in the last place is the subnormal step: adding it rounds a subnormal
    /// half to even in the floating-point adder.
    int subnormalMagic() {
        return (127 - bias + 1 + shift()) << 23;
    }

    /// Difference of the exponent biases at F32's exponent position.
    int rebias() {
        return (127 - bias) << 23;
    }
}
