package dev.quantreel.engines.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// An n-dimensional array: a [MemorySegment] in C order, little endian, with its type and shape.
///
/// A tensor never owns its memory; the arena or mapping behind [#data] does, and outlives it. Tensors made by the
/// factories of this class without an arena live in garbage-collected native memory. Safe to read from many threads.
///
/// @param dtype element type
/// @param shape extents, slowest axis first
/// @param data exactly `dtype.byteSize(shape.elements())` bytes; no alignment is promised
public record Tensor(DType dtype, Shape shape, MemorySegment data) {

    /// Little-endian, unaligned float access, the layout of every F32 tensor.
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public Tensor {
        long expected = dtype.byteSize(shape.elements());
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException(
                    dtype + shape.toString() + " needs " + expected + " bytes, got " + data.byteSize());
        }
    }

    /// A zeroed tensor in garbage-collected native memory, 64-byte aligned.
    public static Tensor zeros(DType dtype, Shape shape) {
        return allocate(dtype, shape, Arena.ofAuto());
    }

    /// A zeroed tensor in `arena`, 64-byte aligned.
    public static Tensor allocate(DType dtype, Shape shape, Arena arena) {
        return new Tensor(dtype, shape, arena.allocate(dtype.byteSize(shape.elements()), 64));
    }

    /// An F32 tensor holding a copy of `values`.
    public static Tensor of(Shape shape, float... values) {
        Tensor tensor = zeros(DType.F32, shape);
        MemorySegment.copy(values, 0, tensor.data, FLOAT, 0, values.length);
        return tensor;
    }

    /// An F32 scalar of shape [].
    public static Tensor scalar(float value) {
        return of(Shape.of(), value);
    }

    /// An I64 tensor holding a copy of `values`.
    public static Tensor ofLongs(Shape shape, long... values) {
        Tensor tensor = zeros(DType.I64, shape);
        MemorySegment.copy(
                values,
                0,
                tensor.data,
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                0,
                values.length);
        return tensor;
    }

    public long elements() {
        return shape.elements();
    }

    public boolean isMatrix() {
        return shape.rank() == 2;
    }

    /// Gives the physical memory of a mapped file's pages back to the system; they are read again when they are used
    /// again. Does nothing to other memory.
    public void evict() {
        if (data.isMapped()) {
            data.unload();
        }
    }

    /// The same bytes under another shape of equal element count.
    public Tensor reshape(long... dims) {
        return new Tensor(dtype, Shape.of(dims), data);
    }

    /// Copies an F32 tensor to the heap.
    ///
    /// @throws IllegalStateException when the element type is another one; convert first
    public float[] toFloatArray() {
        if (dtype != DType.F32) {
            throw new IllegalStateException("expected F32, tensor is " + dtype + shape);
        }
        float[] values = new float[Math.toIntExact(elements())];
        MemorySegment.copy(data, FLOAT, 0, values, 0, values.length);
        return values;
    }
}
