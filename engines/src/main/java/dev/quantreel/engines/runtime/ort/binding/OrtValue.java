package dev.quantreel.engines.runtime.ort.binding;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/// A tensor of ONNX Runtime, over memory of ours or memory of its own. Closed by whoever made it; what was bound stays
/// alive as long as the binding.
public final class OrtValue implements AutoCloseable {

    private final OrtApi api;
    private final long handle;
    private final AtomicBoolean closed = new AtomicBoolean();

    OrtValue(OrtApi api, long handle) {
        this.api = api;
        this.handle = handle;
    }

    /// Wraps native memory on the host, aligned to its element, without a copy; the caller keeps it alive.
    public static OrtValue over(OrtMemory host, Tensor tensor) {
        return over(host, tensor.dtype(), tensor.shape(), tensor.data());
    }

    /// Wraps memory anywhere without a copy.
    ///
    /// @param data address and size; not read on the host
    public static OrtValue over(OrtMemory memory, DType dtype, Shape shape, MemorySegment data) {
        try (Arena arena = Arena.ofConfined()) {
            return new OrtValue(
                    memory.api(),
                    memory.api()
                            .make(
                                    OrtFunction.CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE,
                                    memory.handle(),
                                    data.address(),
                                    data.byteSize(),
                                    dims(arena, shape),
                                    shape.rank(),
                                    OnnxTypes.code(dtype)));
        }
    }

    static long dims(Arena arena, Shape shape) {
        MemorySegment dims = arena.allocate(Long.BYTES * Math.max(1L, shape.rank()), Long.BYTES);
        for (int i = 0; i < shape.rank(); i++) {
            dims.setAtIndex(ValueLayout.JAVA_LONG, i, shape.dim(i));
        }
        return dims.address();
    }

    OrtApi api() {
        return api;
    }

    long handle() {
        return handle;
    }

    /// Address and size of the elements, wherever they lie; alive as long as this value.
    public MemorySegment data() {
        Type type = type();
        long bytes = type.dtype.byteSize(type.shape.elements());
        long address = bytes == 0 ? 0 : api.make(OrtFunction.GET_TENSOR_MUTABLE_DATA, handle);
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /// Where the elements lie, for example `Cpu 0`.
    public String place() {
        return OrtMemory.describe(api, api.make(OrtFunction.GET_TENSOR_MEMORY_INFO, handle));
    }

    /// Element type and extents.
    public record Type(DType dtype, Shape shape) {}

    /// Element type and extents.
    public Type type() {
        long info = api.make(OrtFunction.GET_TENSOR_TYPE_AND_SHAPE, handle);
        try (Arena arena = Arena.ofConfined()) {
            int rank = (int) api.make(OrtFunction.GET_DIMENSIONS_COUNT, info);
            MemorySegment dims = arena.allocate(Long.BYTES * Math.max(1L, rank), Long.BYTES);
            api.check(OrtFunction.GET_DIMENSIONS, info, dims.address(), rank);
            long[] extents = new long[rank];
            for (int i = 0; i < rank; i++) {
                extents[i] = dims.getAtIndex(ValueLayout.JAVA_LONG, i);
            }
            int code = (int) api.make(OrtFunction.GET_TENSOR_ELEMENT_TYPE, info);
            return new Type(OnnxTypes.dtype(code), Shape.of(extents));
        } finally {
            api.release(OrtFunction.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
        }
    }

    /// Lets the memory go, if it is ONNX Runtime's; a second call does nothing.
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            api.release(OrtFunction.RELEASE_VALUE, handle);
        }
    }
}
