package dev.quantreel.engines.internal.kernel;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// [ConversionKernels] by the Vector API. Every kernel is a vector body over whole vectors of 32-bit lanes and the
/// scalar loop as its tail; narrow elements are loaded into a vector of a half or a quarter of the width.
public final class VectorConversionKernels implements ConversionKernels {

    private static final VectorSpecies<Integer> INT = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORT = VectorSpecies.of(short.class, shape(2));
    private static final VectorSpecies<Byte> BYTE = VectorSpecies.of(byte.class, shape(4));
    private static final VectorSpecies<Float> FLOAT = VectorSpecies.of(float.class, INT.vectorShape());
    private static final int LANES = INT.length();

    /// Lanes of two vectors in turns.
    private static final VectorShuffle<Float> LOWER = VectorShuffle.makeZip(FLOAT, 0);

    private static final VectorShuffle<Float> UPPER = VectorShuffle.makeZip(FLOAT, 1);

    /// Elements that are widened at once.
    private static final int PIECE = 1 << 14;

    private static final ValueLayout.OfShort LITTLE_ENDIAN_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    /// Without at least 256-bit integers a quarter would be under 64 bits: the scalar loop does it all.
    private static final boolean BYTES_FIT = INT.vectorBitSize() >= 256;

    /// F16 infinity with its exponent at F32's place.
    private static final int F16_INFINITY = 0x7C00 << 13;

    /// The 16-bit species holds as many lanes as the 32-bit one, hence the shape divided; 64 bits are the least.
    private static VectorShape shape(int divisor) {
        return VectorShape.forBitSize(Math.max(64, INT.vectorBitSize() / divisor));
    }

    private static long bound(long count) {
        return count - count % LANES;
    }

    @Override
    public void bf16ToF32(MemorySegment source, MemorySegment target) {
        if (target.heapBase().orElse(null) instanceof float[] floats && target.address() % 4 == 0) {
            long count = ConversionKernels.count(source, 2, target, 4);
            bf16ToF32(source, floats, Math.toIntExact(target.address() / 4), count);
            return;
        }
        long bound = bound(ConversionKernels.count(source, 2, target, 4));
        for (long i = 0; i < bound; i += LANES) {
            shorts(source, i).lanewise(VectorOperators.LSHL, 16).intoMemorySegment(target, 4 * i, LITTLE_ENDIAN);
        }
        ScalarConversionKernels.bf16ToF32(source, target, bound);
    }

    /// Over arrays, because loops over segments check every access: six times as fast for rows of weights.
    private static void bf16ToF32(MemorySegment source, float[] target, int start, long count) {
        short[] piece = new short[(int) Math.min(count, PIECE)];
        for (int done = 0; done < count; done += PIECE) {
            int size = (int) Math.min(PIECE, count - done);
            MemorySegment.copy(source, LITTLE_ENDIAN_SHORT, 2L * done, piece, 0, size);
            int whole = size - size % LANES;
            for (int i = 0; i < whole; i += LANES) {
                IntVector codes = (IntVector)
                        ShortVector.fromArray(SHORT, piece, i).convertShape(VectorOperators.ZERO_EXTEND_S2I, INT, 0);
                codes.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(target, start + done + i);
            }
            for (int i = whole; i < size; i++) {
                target[start + done + i] = Float.intBitsToFloat(piece[i] << 16);
            }
        }
    }

    @Override
    public void bf16ToF32(float[] values, int count) {
        int half = count / 2;
        int whole = half - half % LANES;
        for (int i = 0; i < whole; i += LANES) {
            IntVector pairs = FloatVector.fromArray(FLOAT, values, half + i).reinterpretAsInts();
            FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector odd = pairs.and(0xFFFF_0000).reinterpretAsFloats();
            even.rearrange(LOWER, odd).intoArray(values, 2 * i);
            even.rearrange(UPPER, odd).intoArray(values, 2 * i + LANES);
        }
        ScalarConversionKernels.bf16ToF32(values, count, whole);
    }

    @Override
    public void f16ToF32(MemorySegment source, MemorySegment target) {
        long bound = bound(ConversionKernels.count(source, 2, target, 4));
        for (long i = 0; i < bound; i += LANES) {
            f16(shorts(source, i)).intoMemorySegment(target, 4 * i, LITTLE_ENDIAN);
        }
        ScalarConversionKernels.f16ToF32(source, target, bound);
    }

    @Override
    public void e5m2ToF32(MemorySegment source, MemorySegment target) {
        long count = ConversionKernels.count(source, 1, target, 4);
        long bound = BYTES_FIT ? bound(count) : 0;
        for (long i = 0; i < bound; i += LANES) {
            f16(bytes(source, i).lanewise(VectorOperators.LSHL, 8)).intoMemorySegment(target, 4 * i, LITTLE_ENDIAN);
        }
        ScalarConversionKernels.e5m2ToF32(source, target, bound);
    }

    @Override
    public void e4m3ToF32(MemorySegment source, MemorySegment target) {
        long count = ConversionKernels.count(source, 1, target, 4);
        long bound = BYTES_FIT ? bound(count) : 0;
        for (long i = 0; i < bound; i += LANES) {
            IntVector code = bytes(source, i);
            IntVector magnitude = code.and(0x7F);
            VectorMask<Integer> nan = magnitude.eq(0x7F);
            IntVector bits = rebiased(magnitude.lanewise(VectorOperators.LSHL, 20), SmallFloat.E4M3);
            bits.or(code.and(0x80).lanewise(VectorOperators.LSHL, 24))
                    .blend(Float.floatToRawIntBits(Float.NaN), nan)
                    .intoMemorySegment(target, 4 * i, LITTLE_ENDIAN);
        }
        ScalarConversionKernels.e4m3ToF32(source, target, bound);
    }

    @Override
    public void f32ToBf16(MemorySegment source, MemorySegment target) {
        long bound = bound(ConversionKernels.count(source, 4, target, 2));
        for (long i = 0; i < bound; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(INT, source, 4 * i, LITTLE_ENDIAN);
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            VectorMask<Integer> nan = bits.and(0x7FFF_FFFF).compare(VectorOperators.GT, 0x7F80_0000);
            IntVector code = bits.add(upper.and(1)).add(0x7FFF).lanewise(VectorOperators.LSHR, 16);
            storeShorts(code.blend(upper.or(0x40), nan), target, i);
        }
        ScalarConversionKernels.f32ToBf16(source, target, bound);
    }

    @Override
    public void f32ToF16(MemorySegment source, MemorySegment target) {
        long bound = bound(ConversionKernels.count(source, 4, target, 2));
        for (long i = 0; i < bound; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(INT, source, 4 * i, LITTLE_ENDIAN);
            IntVector sign = bits.lanewise(VectorOperators.LSHR, 16).and(0x8000);
            storeShorts(narrow(SmallFloat.F16, bits).or(sign), target, i);
        }
        ScalarConversionKernels.f32ToF16(source, target, bound);
    }

    @Override
    public void f32ToE4m3(MemorySegment source, MemorySegment target) {
        f32ToByte(SmallFloat.E4M3, source, target);
    }

    @Override
    public void f32ToE5m2(MemorySegment source, MemorySegment target) {
        f32ToByte(SmallFloat.E5M2, source, target);
    }

    private static void f32ToByte(SmallFloat format, MemorySegment source, MemorySegment target) {
        long count = ConversionKernels.count(source, 4, target, 1);
        long bound = BYTES_FIT ? bound(count) : 0;
        for (long i = 0; i < bound; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(INT, source, 4 * i, LITTLE_ENDIAN);
            IntVector sign = bits.lanewise(VectorOperators.LSHR, 24).and(0x80);
            ByteVector codes = (ByteVector) narrow(format, bits).or(sign).convertShape(VectorOperators.I2B, BYTE, 0);
            codes.intoMemorySegment(target, i, LITTLE_ENDIAN);
        }
        ScalarConversionKernels.f32ToByte(format, source, target, bound);
    }

    /// Codes without sign; the three cases of the scalar `narrow`, computed for all lanes and blended.
    private static IntVector narrow(SmallFloat format, IntVector bits) {
        IntVector magnitude = bits.and(0x7FFF_FFFF);
        IntVector odd = magnitude.lanewise(VectorOperators.LSHR, format.shift()).and(1);
        IntVector normal = magnitude
                .add(odd)
                .add((1 << (format.shift() - 1)) - 1 - format.rebias())
                .lanewise(VectorOperators.LSHR, format.shift());
        IntVector subnormal = magnitude
                .reinterpretAsFloats()
                .add(Float.intBitsToFloat(format.subnormalMagic()))
                .reinterpretAsInts()
                .sub(format.subnormalMagic());
        return normal.blend(format.infinity(), normal.compare(VectorOperators.GT, format.largest()))
                .blend(subnormal, magnitude.compare(VectorOperators.LT, format.smallestNormal()))
                .blend(format.nan(), magnitude.compare(VectorOperators.GT, 0x7F80_0000));
    }

    /// F16 codes in the low halves of the lanes, as the bits of F32. Infinities and NaN get F32's exponent by hand, NaN
    /// also its quiet bit.
    private static IntVector f16(IntVector code) {
        IntVector magnitude = code.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
        IntVector sign = code.and(0x8000).lanewise(VectorOperators.LSHL, 16);
        return rebiased(magnitude, SmallFloat.F16)
                .lanewise(VectorOperators.OR, 0x7F80_0000, magnitude.compare(VectorOperators.GE, F16_INFINITY))
                .lanewise(VectorOperators.OR, 0x0040_0000, magnitude.compare(VectorOperators.GT, F16_INFINITY))
                .or(sign);
    }

    /// Moves exponents to F32's bias. Subnormals are made normal by giving them the least normal exponent and taking
    /// its implicit one away again: a multiplication by a power of two would do all at once, but subnormal inputs
    /// cost it over a hundred cycles.
    private static IntVector rebiased(IntVector magnitude, SmallFloat format) {
        int smallest = format.smallestNormal();
        IntVector normal = magnitude.add(format.rebias());
        IntVector subnormal = magnitude
                .add(smallest)
                .reinterpretAsFloats()
                .sub(Float.intBitsToFloat(smallest))
                .reinterpretAsInts();
        return normal.blend(subnormal, magnitude.compare(VectorOperators.LT, 1 << 23));
    }

    private static IntVector shorts(MemorySegment source, long index) {
        return (IntVector) ShortVector.fromMemorySegment(SHORT, source, 2 * index, LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INT, 0);
    }

    private static IntVector bytes(MemorySegment source, long index) {
        return (IntVector) ByteVector.fromMemorySegment(BYTE, source, index, LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INT, 0);
    }

    private static void storeShorts(IntVector codes, MemorySegment target, long index) {
        ((ShortVector) codes.convertShape(VectorOperators.I2S, SHORT, 0))
                .intoMemorySegment(target, 2 * index, LITTLE_ENDIAN);
    }
}
