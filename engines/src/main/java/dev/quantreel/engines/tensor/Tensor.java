package dev.quantreel.engines.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An n-dimensional array in C order, little endian, with its type and shape.
///
/// A tensor never owns its memory; the arena or mapping behind [#data] does, and outlives it. Tensors made by the
/// factories of this class without an arena live in garbage-collected native memory. Results of an engine may lie
/// where it computes ([#resident]) until somebody asks for [#data]. Safe to read from many threads.
public final class Tensor {

    /// Little-endian, unaligned float access, the layout of every F32 tensor.
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DType dtype;
    private final Shape shape;
    private final Elements elements;

    /// Elements on the host.
    ///
    /// @param dtype element type
    /// @param shape extents, slowest axis first
    /// @param data exactly `dtype.byteSize(shape.elements())` bytes; no alignment is promised
    public Tensor(DType dtype, Shape shape, MemorySegment data) {
        this(dtype, shape, new Elements(data));
        requireBytes(dtype.byteSize(shape.elements()), data.byteSize());
    }

    private Tensor(DType dtype, Shape shape, Elements elements) {
        this.dtype = dtype;
        this.shape = shape;
        this.elements = elements;
    }

    /// Elements that lie in the memory of an engine. They come to the host, and leave there, when [#data] is first
    /// asked for.
    public static Tensor resident(DType dtype, Shape shape, Residence residence) {
        return new Tensor(dtype, shape, new Elements(residence));
    }

    private void requireBytes(long expected, long actual) {
        if (actual != expected) {
            throw new IllegalArgumentException(
                    dtype + shape.toString() + " needs " + expected + " bytes, got " + actual);
        }
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    /// The elements on the host, exactly `dtype.byteSize(shape.elements())` bytes; no alignment is promised.
    ///
    /// @throws IllegalStateException when the tensor was [discarded][#discard] in the memory of an engine
    public MemorySegment data() {
        return elements.onHost();
    }

    /// Where else the elements lie; empty once they are on the host.
    public Optional<Residence> residence() {
        return elements.residence();
    }

    /// Says that nobody will read this tensor again: memory of an engine goes back at once instead of some time.
    /// Does nothing to a tensor on the host.
    public void discard() {
        elements.discard();
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
        MemorySegment.copy(values, 0, tensor.data(), FLOAT, 0, values.length);
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
                tensor.data(),
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
        if (residence().isEmpty() && data().isMapped()) {
            data().unload();
        }
    }

    /// The same bytes under another shape of equal element count.
    public Tensor reshape(long... dims) {
        Tensor view = new Tensor(dtype, Shape.of(dims), elements);
        view.requireBytes(dtype.byteSize(view.elements()), dtype.byteSize(elements()));
        return view;
    }

    /// Copies an F32 tensor to the heap.
    ///
    /// @throws IllegalStateException when the element type is another one; convert first
    public float[] toFloatArray() {
        if (dtype != DType.F32) {
            throw new IllegalStateException("expected F32, tensor is " + dtype + shape);
        }
        float[] values = new float[Math.toIntExact(elements())];
        MemorySegment.copy(data(), FLOAT, 0, values, 0, values.length);
        return values;
    }

    /// Equal are tensors of one type and shape over the same memory.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Tensor that
                && dtype == that.dtype
                && shape.equals(that.shape)
                && elements.isSame(that.elements);
    }

    @Override
    public int hashCode() {
        return 31 * shape.hashCode() + elements.hash();
    }

    @Override
    public String toString() {
        return dtype + shape.toString() + elements;
    }
}
