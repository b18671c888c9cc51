package dev.quantreel.engines.runtime.cuda.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// The bytes of a C structure, field after field in the order of its declaration, each at a multiple of its size.
final class ArgumentStruct {

    /// All structures hold a pointer.
    static final int ALIGNMENT = 8;

    /// Most bytes that a kernel takes as arguments.
    private static final int MOST_BYTES = 4096;

    private final ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.nativeOrder());

    ArgumentStruct i32(int... values) {
        for (int value : values) {
            aligned(Integer.BYTES).putInt(value);
        }
        return this;
    }

    ArgumentStruct i64(long... values) {
        for (long value : values) {
            aligned(Long.BYTES).putLong(value);
        }
        return this;
    }

    ArgumentStruct f32(float value) {
        aligned(Float.BYTES).putFloat(value);
        return this;
    }

    ArgumentStruct pointer(long address) {
        return i64(address);
    }

    MemorySegment segment() {
        aligned(ALIGNMENT);
        return MemorySegment.ofArray(Arrays.copyOf(bytes.array(), bytes.position()));
    }

    private ByteBuffer aligned(int size) {
        return bytes.position(Math.ceilDiv(bytes.position(), size) * size);
    }
}
