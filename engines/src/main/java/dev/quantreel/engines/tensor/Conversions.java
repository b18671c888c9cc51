package dev.quantreel.engines.tensor;

import dev.quantreel.engines.internal.kernel.ConversionKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Converts tensors between element types.
///
/// To F32: every type but C64, F6 and the packed F4 variants without a defined layout. Integers beyond 2^24 and F64
/// round to the nearest float. From F32: F16, BF16, F8_E4M3, F8_E5M2, half to even; the 8-bit types saturate.
public final class Conversions {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// E2M1, the element of F4: sign, two exponent bits with bias 1, one fraction bit (OCP Microscaling 1.0).
    private static final float[] E2M1 = {0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f};

    /// Elements of one piece of a mapped tensor; even, so that nibbles stay whole.
    private static final long PIECE = 1 << 15;

    private Conversions() {}

    /// The tensor as F32: itself when it already is and does not lie in a file, otherwise a copy in garbage-collected
    /// memory.
    ///
    /// @throws IllegalArgumentException when the type has no conversion
    /// @throws IllegalStateException when the file behind the tensor is closed or was cut short
    public static Tensor toF32(Tensor tensor) {
        if (tensor.dtype() == DType.F32 && !tensor.data().isMapped()) {
            return tensor;
        }
        Tensor result = Tensor.zeros(DType.F32, tensor.shape());
        toF32(tensor, result.data());
        return result;
    }

    /// The values as floats on the heap.
    ///
    /// @throws IllegalArgumentException when the type has no conversion
    public static float[] toFloatArray(Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        toF32(tensor, MemorySegment.ofArray(values));
        return values;
    }

    /// Writes the values as floats.
    ///
    /// A mapped tensor is first copied piece by piece: reading a file that somebody cuts short kills the process in
    /// vector and native code, but not in a plain copy.
    ///
    /// @param target `4 * tensor.elements()` bytes
    /// @throws IllegalArgumentException when the type has no conversion or the target another size
    /// @throws IllegalStateException when the file behind the tensor is closed or was cut short
    public static void toF32(Tensor tensor, MemorySegment target) {
        if (target.byteSize() != 4 * tensor.elements()) {
            throw new IllegalArgumentException(tensor.dtype() + tensor.shape().toString() + " as F32 does not fit "
                    + target.byteSize() + " bytes");
        }
        if (!tensor.data().isMapped()) {
            convert(tensor.dtype(), tensor.data(), target);
            return;
        }
        DType dtype = tensor.dtype();
        MemorySegment buffer =
                MemorySegment.ofArray(new byte[Math.toIntExact(dtype.byteSize(Math.min(PIECE, tensor.elements())))]);
        for (long begin = 0; begin < tensor.elements(); begin += PIECE) {
            long count = Math.min(PIECE, tensor.elements() - begin);
            MemorySegment piece = buffer.asSlice(0, dtype.byteSize(count));
            copyFromFile(tensor.data().asSlice(dtype.byteSize(begin), piece.byteSize()), piece);
            convert(dtype, piece, target.asSlice(4 * begin, 4 * count));
        }
    }

    /// Writes the values as floats to the heap, `values[0..elements)`; for rows that are read one after the other
    /// cheaper than [#toF32(Tensor, MemorySegment)], because nothing is allocated for BF16.
    ///
    /// @throws IllegalArgumentException when the type has no conversion
    /// @throws IllegalStateException when the file behind the tensor is closed or was cut short
    public static void toF32(Tensor tensor, float[] values) {
        int count = Math.toIntExact(tensor.elements());
        MemorySegment target = MemorySegment.ofArray(values).asSlice(0, 4L * count);
        if (tensor.dtype() == DType.BF16 && count % 2 == 0 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            copyFromFile(tensor.data(), target.asSlice(2L * count));
            ConversionKernels.best().bf16ToF32(values, count);
        } else {
            toF32(tensor, target);
        }
    }

    private static void copyFromFile(MemorySegment mapped, MemorySegment to) {
        MappedCopy.copy(mapped, to, "the file behind this tensor");
    }

    private static void convert(DType dtype, MemorySegment source, MemorySegment target) {
        ConversionKernels kernels = ConversionKernels.best();
        switch (dtype) {
            case F32 -> target.copyFrom(source);
            case BF16 -> kernels.bf16ToF32(source, target);
            case F16 -> kernels.f16ToF32(source, target);
            case F8_E4M3 -> kernels.e4m3ToF32(source, target);
            case F8_E5M2 -> kernels.e5m2ToF32(source, target);
            case C64, F6_E2M3, F6_E3M2 -> throw new IllegalArgumentException(dtype + " has no conversion to F32");
            default -> {
                long count = target.byteSize() / 4;
                for (long i = 0; i < count; i++) {
                    target.set(Tensor.FLOAT, 4 * i, element(dtype, source, i));
                }
            }
        }
    }

    /// An F32 tensor rounded to a narrower float type.
    ///
    /// @param dtype F32, F16, BF16, F8_E4M3 or F8_E5M2
    /// @throws IllegalArgumentException when the tensor is not F32 or the type is another one
    public static Tensor fromF32(Tensor tensor, DType dtype) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException("expected F32, tensor is " + tensor.dtype() + tensor.shape());
        }
        if (dtype == DType.F32) {
            return tensor;
        }
        Tensor result = Tensor.zeros(dtype, tensor.shape());
        ConversionKernels kernels = ConversionKernels.best();
        switch (dtype) {
            case BF16 -> kernels.f32ToBf16(tensor.data(), result.data());
            case F16 -> kernels.f32ToF16(tensor.data(), result.data());
            case F8_E4M3 -> kernels.f32ToE4m3(tensor.data(), result.data());
            case F8_E5M2 -> kernels.f32ToE5m2(tensor.data(), result.data());
            default ->
                throw new IllegalArgumentException("F32 converts to F16, BF16, F8_E4M3 or F8_E5M2, not to " + dtype);
        }
        return result;
    }

    /// One element of a type without a kernel. Nibbles are packed low first, as PyTorch and ONNX pack them.
    private static float element(DType dtype, MemorySegment source, long index) {
        return switch (dtype) {
            case BOOL, U8 -> source.get(ValueLayout.JAVA_BYTE, index) & 0xFF;
            case I8 -> source.get(ValueLayout.JAVA_BYTE, index);
            case I16 -> source.get(SHORT, 2 * index);
            case U16 -> source.get(SHORT, 2 * index) & 0xFFFF;
            case I32 -> source.get(INT, 4 * index);
            case U32 -> Integer.toUnsignedLong(source.get(INT, 4 * index));
            case I64 -> source.get(LONG, 8 * index);
            case U64 -> unsigned(source.get(LONG, 8 * index));
            case F64 -> (float) source.get(DOUBLE, 8 * index);
            case F8_E8M0 -> e8m0(source.get(ValueLayout.JAVA_BYTE, index) & 0xFF);
            case U4 -> nibble(source, index);
            case I4 -> nibble(source, index) << 28 >> 28;
            case F4 -> e2m1(nibble(source, index));
            default -> throw new IllegalArgumentException(dtype + " has no conversion to F32");
        };
    }

    private static int nibble(MemorySegment source, long index) {
        return source.get(ValueLayout.JAVA_BYTE, index / 2) >> (4 * (index & 1)) & 0xF;
    }

    private static float e2m1(int code) {
        return code < 8 ? E2M1[code] : -E2M1[code - 8];
    }

    /// A power of two without sign: exponent bias 127, 255 is NaN.
    private static float e8m0(int code) {
        return code == 255 ? Float.NaN : Math.scalb(1f, code - 127);
    }

    private static float unsigned(long value) {
        // Halved with a sticky low bit, so that the rounding of the upper half is that of the whole.
        return value >= 0 ? value : 2f * (float) (value >>> 1 | value & 1);
    }
}
