package dev.quantreel.engines.internal.kernel;

import java.lang.foreign.MemorySegment;

/// Conversions between F32 and the narrow float types. Source and target hold equally many elements and do not overlap.
///
/// Widening is exact. Narrowing rounds half to even; F16 and BF16 overflow to infinity as IEEE 754 says, the 8-bit
/// types saturate at their largest finite value (as ONNX `Cast` with `saturate=1`), infinities included; NaN stays NaN.
public sealed interface ConversionKernels permits ScalarConversionKernels, VectorConversionKernels {

    /// The fastest implementation this process can run.
    static ConversionKernels best() {
        return Holder.BEST;
    }

    void bf16ToF32(MemorySegment source, MemorySegment target);

    /// Widens where the codes lie, in little-endian order: in the upper half of `values[0..count)`.
    ///
    /// @param count even
    void bf16ToF32(float[] values, int count);

    void f16ToF32(MemorySegment source, MemorySegment target);

    void e4m3ToF32(MemorySegment source, MemorySegment target);

    void e5m2ToF32(MemorySegment source, MemorySegment target);

    void f32ToBf16(MemorySegment source, MemorySegment target);

    void f32ToF16(MemorySegment source, MemorySegment target);

    void f32ToE4m3(MemorySegment source, MemorySegment target);

    void f32ToE5m2(MemorySegment source, MemorySegment target);

    /// Checks the sizes and returns the number of elements.
    static long count(MemorySegment source, int sourceBytes, MemorySegment target, int targetBytes) {
        long count = source.byteSize() / sourceBytes;
        if (source.byteSize() != count * sourceBytes || target.byteSize() != count * targetBytes) {
            throw new IllegalArgumentException("source of " + source.byteSize() + " bytes (" + sourceBytes
                    + " per element) does not fit a target of " + target.byteSize() + " bytes (" + targetBytes + ")");
        }
        return count;
    }

    /// Delays loading of the implementations until one is asked for.
    final class Holder {
        private static final ConversionKernels BEST =
                VectorSupport.choose(ScalarConversionKernels::new, VectorConversionKernels::new);

        private Holder() {}
    }
}
