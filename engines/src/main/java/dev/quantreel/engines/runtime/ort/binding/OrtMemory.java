package dev.quantreel.engines.runtime.ort.binding;

import java.lang.foreign.Arena;

/// A kind of memory, as ONNX Runtime names it. Its name there, some dozen bytes, is never released: one of each kind an
/// engine.
public final class OrtMemory {

    /// `OrtDeviceAllocator` and `OrtMemTypeDefault`, by which a place is meant, whoever manages it.
    private static final int DEVICE_ALLOCATOR = 0;

    private static final int DEFAULT_TYPE = 0;
    /// `OrtMemTypeCPUOutput`, what the processor reads of a device.
    private static final int HOST_TYPE = -1;

    private final OrtApi api;
    private final long handle;

    private OrtMemory(OrtApi api, String name, int device, int type) {
        this.api = api;
        try (Arena arena = Arena.ofConfined()) {
            this.handle = api.make(
                    OrtFunction.CREATE_MEMORY_INFO, arena.allocateFrom(name).address(), DEVICE_ALLOCATOR, device, type);
        }
    }

    /// Memory of the processor.
    public static OrtMemory host(OrtApi api) {
        return new OrtMemory(api, "Cpu", 0, DEFAULT_TYPE);
    }

    /// Memory of a GPU.
    public static OrtMemory gpu(OrtApi api, int device) {
        return new OrtMemory(api, "Cuda", device, DEFAULT_TYPE);
    }

    /// Memory of the processor that a GPU reads and writes without a detour.
    public static OrtMemory pinned(OrtApi api, int device) {
        return new OrtMemory(api, "CudaPinned", device, HOST_TYPE);
    }

    /// Memory that a value lies in, `Cpu` or `Cuda`, and the number of the device.
    static String describe(OrtApi api, long memory) {
        return OrtApi.text(api.make(OrtFunction.MEMORY_INFO_GET_NAME, memory)) + " "
                + (int) api.make(OrtFunction.MEMORY_INFO_GET_ID, memory);
    }

    OrtApi api() {
        return api;
    }

    long handle() {
        return handle;
    }
}
