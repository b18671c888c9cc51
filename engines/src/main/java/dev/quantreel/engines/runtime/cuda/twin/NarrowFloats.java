package dev.quantreel.engines.runtime.cuda.twin;

/// The narrow float formats of tensor cores, rounded half to even.
final class NarrowFloats {

    private static final float E4M3_MOST = 448;

    /// Half of what separates neighbours below the smallest normal value, 2^-6: steps of 2^-9.
    private static final float E4M3_SUBNORMAL_STEP = 0x1p-9f;

    private static final int E4M3_FRACTION_BITS = 3;

    private NarrowFloats() {}

    /// The nearest bfloat16.
    static float bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return value;
        }
        int rounded = bits + 0x7FFF + (bits >>> 16 & 1);
        return Float.intBitsToFloat(rounded & 0xFFFF0000);
    }

    /// The nearest e4m3, 448 at most.
    static float e4m3(float value) {
        float size = Math.min(Math.abs(value), E4M3_MOST);
        int exponent = Math.max(Math.getExponent(size), -6);
        float step = size < 0x1p-6f ? E4M3_SUBNORMAL_STEP : Math.scalb(1f, exponent - E4M3_FRACTION_BITS);
        return Math.copySign(Math.min((float) (Math.rint(size / step) * step), E4M3_MOST), value);
    }
}
