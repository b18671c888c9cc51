package dev.quantreel.engines.runtime.cuda.driver;

/// A GPU has less free memory than was asked for, also after freed memory was collected.
public final class CudaOutOfMemoryException extends CudaException {

    private static final long serialVersionUID = 1L;

    private final long requestedBytes;
    private final MemoryInfo memory;

    CudaOutOfMemoryException(CudaException cause, long requestedBytes, MemoryInfo memory) {
        super(
                cause.function(),
                cause.code(),
                cause.errorName(),
                "%s: %s: %,d bytes asked for, %,d of %,d bytes of the GPU are free"
                        .formatted(
                                cause.function(),
                                cause.errorName(),
                                requestedBytes,
                                memory.freeBytes(),
                                memory.totalBytes()));
        this.requestedBytes = requestedBytes;
        this.memory = memory;
        initCause(cause);
    }

    /// What was asked for.
    public long requestedBytes() {
        return requestedBytes;
    }

    /// What the device had when it was asked for.
    public MemoryInfo memory() {
        return memory;
    }
}
