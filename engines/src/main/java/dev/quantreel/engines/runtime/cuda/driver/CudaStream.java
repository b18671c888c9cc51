package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// A queue of work of a GPU: what is put into one stream runs in order, different streams run beside each other.
///
/// Calls return when the work is queued. Host memory given to a copy must stay open, and unread or unwritten,
/// until the stream has passed the copy. Closing waits for the work.
public final class CudaStream implements AutoCloseable {

    /// Does not wait for the default stream.
    private static final int NON_BLOCKING = 1;

    /// What could disturb a capture is refused on the capturing thread alone.
    private static final int CAPTURE_THREAD_LOCAL = 1;

    private final CudaContext context;
    private final long handle;
    private final boolean owned;
    private volatile boolean closed;

    private CudaStream(CudaContext context, long handle, boolean owned) {
        this.context = context;
        this.handle = handle;
        this.owned = owned;
    }

    static CudaStream legacy(CudaContext context) {
        return new CudaStream(context, 0, false);
    }

    static CudaStream create(CudaContext context, int priority) {
        long handle = context.longFrom(DriverFunction.cuStreamCreateWithPriority, NON_BLOCKING, priority);
        return new CudaStream(context, handle, true);
    }

    /// The context that the stream belongs to.
    public CudaContext context() {
        return context;
    }

    /// The driver's handle (`CUstream`), for other libraries that queue into this stream; 0 is the default
    /// stream.
    public long handle() {
        if (closed) {
            throw new IllegalStateException("this stream is closed");
        }
        return handle;
    }

    /// Allocates device memory in the order of this stream: other streams may use it after they waited for this
    /// one. Its contents are undefined.
    ///
    /// @throws CudaOutOfMemoryException when the device has not enough, also after freed memory was collected
    public DeviceMemory allocate(long bytes) {
        return DeviceMemory.allocate(this, bytes);
    }

    /// Copies from the host to the GPU.
    ///
    /// @param source native memory, of the target's size
    public void upload(DeviceSpan target, MemorySegment source) {
        check("upload", target.sizeBytes(), source);
        context.check(
                DriverFunction.cuMemcpyHtoDAsync_v2, target.pointer(), source.address(), target.sizeBytes(), handle());
        Reference.reachabilityFence(source);
    }

    /// Copies from the GPU to the host.
    ///
    /// @param target native memory, of the source's size
    public void download(MemorySegment target, DeviceSpan source) {
        check("download", source.sizeBytes(), target);
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("download: the target is read-only memory");
        }
        context.check(
                DriverFunction.cuMemcpyDtoHAsync_v2, target.address(), source.pointer(), source.sizeBytes(), handle());
        Reference.reachabilityFence(target);
    }

    private static void check(String copy, long deviceBytes, MemorySegment host) {
        if (!host.isNative()) {
            throw new IllegalArgumentException(copy + ": an array of the Java heap was given; native memory is needed");
        }
        if (host.byteSize() != deviceBytes) {
            throw new IllegalArgumentException(copy + ": the host has " + host.byteSize() + " bytes, the GPU's range "
                    + deviceBytes + "; they must be equal");
        }
    }

    /// Copies within the GPU.
    public void copy(DeviceSpan target, DeviceSpan source) {
        if (target.sizeBytes() != source.sizeBytes()) {
            throw new IllegalArgumentException("copy: " + source.sizeBytes() + " bytes into a range of "
                    + target.sizeBytes() + "; they must be equal");
        }
        context.check(
                DriverFunction.cuMemcpyDtoDAsync_v2, target.pointer(), source.pointer(), source.sizeBytes(), handle());
    }

    /// Sets every byte of a range.
    public void fill(DeviceSpan target, byte value) {
        context.check(DriverFunction.cuMemsetD8Async, target.pointer(), value & 0xff, target.sizeBytes(), handle());
    }

    /// Sets every 32-bit word of a range whose address and size are multiples of 4.
    public void fillWords(DeviceSpan target, int value) {
        if (target.sizeBytes() % Integer.BYTES != 0 || target.pointer() % Integer.BYTES != 0) {
            throw new IllegalArgumentException("fillWords: address and size (" + target.sizeBytes()
                    + " bytes) of the range must be multiples of 4");
        }
        context.check(
                DriverFunction.cuMemsetD32Async, target.pointer(), value, target.sizeBytes() / Integer.BYTES, handle());
    }

    /// Marks the place behind the work queued so far.
    public void record(CudaEvent event) {
        context.check(DriverFunction.cuEventRecord, event.handle(), handle());
    }

    /// Lets what is queued from now on wait for a mark of another stream; the host does not wait.
    public void waitFor(CudaEvent event) {
        context.check(DriverFunction.cuStreamWaitEvent, handle(), event.handle(), 0);
    }

    /// Waits until all work is done.
    ///
    /// @throws CudaException when a kernel failed meanwhile
    public void synchronize() {
        context.check(DriverFunction.cuStreamSynchronize, handle());
    }

    /// Whether all work is done.
    public boolean isIdle() {
        int code = context.run(DriverFunction.cuStreamQuery, handle());
        if (code != 0 && code != CudaException.NOT_READY) {
            throw context.failure(DriverFunction.cuStreamQuery, code);
        }
        return code == 0;
    }

    /// Records what is queued into this stream, without running it, as a graph that can be launched again and
    /// again with one call. The default stream cannot be captured.
    ///
    /// @param work queues kernels, copies and allocations into this stream and into streams that wait for it;
    ///     must not synchronize
    /// @throws CudaException when something was queued that cannot be captured
    public CudaGraph capture(Runnable work) {
        context.check(DriverFunction.cuStreamBeginCapture_v2, handle(), CAPTURE_THREAD_LOCAL);
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            abandonCapture(e);
            throw e;
        }
        return CudaGraph.instantiate(context, context.longFromTrailing(DriverFunction.cuStreamEndCapture, handle()));
    }

    private void abandonCapture(Throwable cause) {
        try {
            long graph = context.longFromTrailing(DriverFunction.cuStreamEndCapture, handle());
            if (graph != 0) {
                context.check(DriverFunction.cuGraphDestroy, graph);
            }
        } catch (CudaException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        if (owned && !closed) {
            try {
                if (!context.isGone()) {
                    synchronize();
                }
            } finally {
                closed = true;
                if (!context.isGone()) {
                    context.check(DriverFunction.cuStreamDestroy_v2, handle);
                }
            }
        }
    }

    /// Handle for memory that is freed after the stream was closed, by which time the stream's work is done.
    long handleOrDefault() {
        return closed ? 0 : handle;
    }
}
