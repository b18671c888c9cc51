package dev.quantreel.engines.runtime.ort.binding;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.Arena;

/// Memory of one kind that a session hands out. Outlives the session, and has to outlive its values.
public final class OrtAllocator implements AutoCloseable {

    private final OrtApi api;
    private final long handle;

    private OrtAllocator(OrtApi api, long handle) {
        this.api = api;
        this.handle = handle;
    }

    /// @param session handle
    /// @throws OrtApiException when the session has no memory of this kind
    public static OrtAllocator of(long session, OrtMemory memory) {
        return new OrtAllocator(
                memory.api(), memory.api().make(OrtFunction.CREATE_ALLOCATOR, session, memory.handle()));
    }

    /// A tensor whose elements have no values yet.
    public OrtValue allocate(DType dtype, Shape shape) {
        try (Arena arena = Arena.ofConfined()) {
            return new OrtValue(
                    api,
                    api.make(
                            OrtFunction.CREATE_TENSOR_AS_ORT_VALUE,
                            handle,
                            OrtValue.dims(arena, shape),
                            shape.rank(),
                            OnnxTypes.code(dtype)));
        }
    }

    @Override
    public void close() {
        api.release(OrtFunction.RELEASE_ALLOCATOR, handle);
    }
}
