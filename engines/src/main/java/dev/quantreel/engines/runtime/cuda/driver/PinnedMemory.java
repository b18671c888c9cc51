package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Host memory that the system does not move, so that the GPU copies to and from it without staging and beside
/// the host's own work. A scarce resource: use it for buffers that copies run through, not for whole models.
///
/// Closing frees it at once: copies must be done.
public final class PinnedMemory implements AutoCloseable {

    /// Pinned for every context, not just the one it was made in.
    private static final int PORTABLE = 1;

    private final CudaContext context;
    private final Arena scope = Arena.ofShared();
    private final MemorySegment segment;
    private boolean closed;

    private PinnedMemory(CudaContext context, long address, long bytes) {
        this.context = context;
        this.segment = MemorySegment.ofAddress(address).reinterpret(bytes, scope, null);
    }

    static PinnedMemory allocate(CudaContext context, long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(bytes + " bytes of pinned memory were asked for; at least 1 is needed");
        }
        try {
            long address = context.longFrom(DriverFunction.cuMemHostAlloc, bytes, PORTABLE);
            return new PinnedMemory(context, address, bytes);
        } catch (CudaException e) {
            if (e.code() != CudaException.OUT_OF_MEMORY) {
                throw e;
            }
            throw e.in("pinned memory of the host, not of the GPU: " + bytes + " bytes were asked for; the system locks"
                    + " no more for this process, which has less free memory than that or a limit on it (a container's,"
                    + " or `ulimit -l`)");
        }
    }

    /// The memory; using it after [#close] throws.
    public MemorySegment segment() {
        return segment;
    }

    public long sizeBytes() {
        return segment.byteSize();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            long address = segment.address();
            scope.close();
            if (!context.isGone()) {
                context.check(DriverFunction.cuMemFreeHost, address);
            }
        }
    }
}
