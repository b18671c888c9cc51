package dev.quantreel.engines.runtime.cuda.driver;

/// Memory of a GPU. Closing frees it behind the work that its stream has by then; work of other streams on it
/// must be known to that stream ([CudaStream#waitFor]) or done.
public final class DeviceMemory implements AutoCloseable {

    private final CudaStream stream;
    private final DeviceSpan span;
    private boolean closed;

    private DeviceMemory(CudaStream stream, DeviceSpan span) {
        this.stream = stream;
        this.span = span;
    }

    static DeviceMemory allocate(CudaStream stream, long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(bytes + " bytes of GPU memory were asked for; at least 1 is needed");
        }
        try {
            return new DeviceMemory(stream, new DeviceSpan(allocateOnce(stream, bytes), bytes));
        } catch (CudaException e) {
            if (e.code() == CudaException.OUT_OF_MEMORY && collect(stream.context())) {
                return allocateAgain(stream, bytes);
            }
            throw stream.context().explain(e, bytes);
        }
    }

    private static DeviceMemory allocateAgain(CudaStream stream, long bytes) {
        try {
            return new DeviceMemory(stream, new DeviceSpan(allocateOnce(stream, bytes), bytes));
        } catch (CudaException e) {
            throw stream.context().explain(e, bytes);
        }
    }

    private static long allocateOnce(CudaStream stream, long bytes) {
        CudaContext context = stream.context();
        return context.pooled()
                ? context.longFrom(DriverFunction.cuMemAllocAsync, bytes, stream.handle())
                : context.longFrom(DriverFunction.cuMemAlloc_v2, bytes);
    }

    /// Waits for memory that other streams are about to free and returns it to the device; false where that is
    /// not allowed, as while a graph is captured.
    private static boolean collect(CudaContext context) {
        if (!context.pooled() || context.run(DriverFunction.cuCtxSynchronize) != 0) {
            return false;
        }
        context.trim();
        return true;
    }

    /// Device address, what a kernel takes.
    public long pointer() {
        return span().pointer();
    }

    public long sizeBytes() {
        return span.sizeBytes();
    }

    /// All of it, as a view.
    ///
    /// @throws IllegalStateException when it was freed
    public synchronized DeviceSpan span() {
        if (closed) {
            throw new IllegalStateException("this GPU memory of " + span.sizeBytes() + " bytes was freed");
        }
        return span;
    }

    /// Part of it, as a view.
    public DeviceSpan slice(long offsetBytes, long bytes) {
        return span().slice(offsetBytes, bytes);
    }

    @Override
    public void close() {
        freeBehind(stream);
    }

    /// Frees it behind the work that another stream has by now.
    public synchronized void freeBehind(CudaStream last) {
        if (closed) {
            return;
        }
        closed = true;
        CudaContext context = last.context();
        if (context.isGone()) {
            return;
        }
        if (context.pooled()) {
            context.check(DriverFunction.cuMemFreeAsync, span.pointer(), last.handleOrDefault());
        } else {
            context.check(DriverFunction.cuStreamSynchronize, last.handleOrDefault());
            context.check(DriverFunction.cuMemFree_v2, span.pointer());
        }
    }
}
