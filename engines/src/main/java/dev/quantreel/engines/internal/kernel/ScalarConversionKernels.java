package dev.quantreel.engines.internal.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The specification of [ConversionKernels]: one element at a time.
public final class ScalarConversionKernels implements ConversionKernels {

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void bf16ToF32(MemorySegment source, MemorySegment target) {
        bf16ToF32(source, target, 0);
    }

    @Override
    public void bf16ToF32(float[] values, int count) {
        bf16ToF32(values, count, 0);
    }

    /// @param from first pair
    static void bf16ToF32(float[] values, int count, int from) {
        int half = count / 2;
        for (int i = from; i < half; i++) {
            int pair = Float.floatToRawIntBits(values[half + i]);
            values[2 * i] = Float.intBitsToFloat(pair << 16);
            values[2 * i + 1] = Float.intBitsToFloat(pair & 0xFFFF_0000);
        }
    }

    @Override
    public void f16ToF32(MemorySegment source, MemorySegment target) {
        f16ToF32(source, target, 0);
    }

    @Override
    public void e4m3ToF32(MemorySegment source, MemorySegment target) {
        e4m3ToF32(source, target, 0);
    }

    @Override
    public void e5m2ToF32(MemorySegment source, MemorySegment target) {
        e5m2ToF32(source, target, 0);
    }

    @Override
    public void f32ToBf16(MemorySegment source, MemorySegment target) {
        f32ToBf16(source, target, 0);
    }

    @Override
    public void f32ToF16(MemorySegment source, MemorySegment target) {
        f32ToF16(source, target, 0);
    }

    @Override
    public void f32ToE4m3(MemorySegment source, MemorySegment target) {
        f32ToByte(SmallFloat.E4M3, source, target, 0);
    }

    @Override
    public void f32ToE5m2(MemorySegment source, MemorySegment target) {
        f32ToByte(SmallFloat.E5M2, source, target, 0);
    }

    // The loops below also finish the tails of the vector kernels, hence `from`.

    static void bf16ToF32(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 2, target, 4);
        for (long i = from; i < count; i++) {
            target.set(FLOAT, 4 * i, Float.intBitsToFloat(source.get(SHORT, 2 * i) << 16));
        }
    }

    static void f16ToF32(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 2, target, 4);
        for (long i = from; i < count; i++) {
            target.set(FLOAT, 4 * i, Float.float16ToFloat(source.get(SHORT, 2 * i)));
        }
    }

    static void e4m3ToF32(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 1, target, 4);
        for (long i = from; i < count; i++) {
            target.set(FLOAT, 4 * i, e4m3ToF32(source.get(ValueLayout.JAVA_BYTE, i)));
        }
    }

    static void e5m2ToF32(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 1, target, 4);
        for (long i = from; i < count; i++) {
            // E5M2 is F16 without its low byte.
            target.set(FLOAT, 4 * i, Float.float16ToFloat((short) (source.get(ValueLayout.JAVA_BYTE, i) << 8)));
        }
    }

    static void f32ToBf16(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 4, target, 2);
        for (long i = from; i < count; i++) {
            target.set(SHORT, 2 * i, f32ToBf16(source.get(FLOAT, 4 * i)));
        }
    }

    static void f32ToF16(MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 4, target, 2);
        for (long i = from; i < count; i++) {
            target.set(SHORT, 2 * i, Float.floatToFloat16(source.get(FLOAT, 4 * i)));
        }
    }

    static void f32ToByte(SmallFloat format, MemorySegment source, MemorySegment target, long from) {
        long count = ConversionKernels.count(source, 4, target, 1);
        for (long i = from; i < count; i++) {
            target.set(ValueLayout.JAVA_BYTE, i, (byte) narrow(format, source.get(FLOAT, 4 * i)));
        }
    }

    private static float e4m3ToF32(byte code) {
        int exponent = (code >> 3) & 0xF;
        int mantissa = code & 7;
        if (exponent == 15 && mantissa == 7) {
            return Float.NaN;
        }
        float magnitude = exponent == 0 ? Math.scalb(mantissa, -9) : Math.scalb(8 + mantissa, exponent - 10);
        return code < 0 ? -magnitude : magnitude;
    }

    private static short f32ToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }

    private static int narrow(SmallFloat format, float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 31 << 7;
        int magnitude = bits & 0x7FFF_FFFF;
        int code;
        if (Float.isNaN(value)) {
            code = format.nan();
        } else if (magnitude < format.smallestNormal()) {
            float magic = Float.intBitsToFloat(format.subnormalMagic());
            code = Float.floatToRawIntBits(Math.abs(value) + magic) - format.subnormalMagic();
        } else {
            int odd = magnitude >>> format.shift() & 1;
            int rounded = magnitude - format.rebias() + (1 << (format.shift() - 1)) - 1 + odd;
            int overflowing = rounded >>> format.shift();
            code = overflowing > format.largest() ? format.infinity() : overflowing;
        }
        return sign | code;
    }
}
