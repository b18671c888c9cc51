package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A GPU's primary context: what streams, memory and kernels belong to. Thread-safe.
///
/// Memory comes from the device's default pool in the order of a stream (`cuMemAllocAsync`); what is freed goes
/// back to the device when a stream is next waited for, or by [#trim], so that other users of the device find
/// it. Devices without pools get plain allocations, whose freeing waits for the stream. Closing lets go of the
/// context: everything made from it must have been closed before.
///
/// A context can be lost ([CudaException#contextLost]): every further call fails, and what was made from it is
/// not freed any more, since the driver does that when the process ends.
public final class CudaContext implements AutoCloseable {

    private static final int POOL_RESERVED_CURRENT = 5;
    private static final int POOL_USED_CURRENT = 7;
    private static final int POOL_USED_HIGH = 8;

    private final CudaDriver driver;
    private final CudaDevice device;
    private final long handle;
    private final boolean pooled;
    private final CudaStream defaultStream;
    private volatile boolean closed;
    private volatile @Nullable CudaException lost;

    CudaContext(CudaDevice device) {
        this.device = device;
        this.driver = device.driver();
        this.handle = driver.longFrom(DriverFunction.cuDevicePrimaryCtxRetain, device.handle());
        this.pooled = device.attribute(DeviceAttribute.MEMORY_POOLS_SUPPORTED) != 0;
        this.defaultStream = CudaStream.legacy(this);
    }

    private long pool() {
        return longFrom(DriverFunction.cuDeviceGetDefaultMemPool, device.handle());
    }

    /// The device of this context.
    public CudaDevice device() {
        return device;
    }

    CudaDriver driver() {
        return driver;
    }

    boolean pooled() {
        return pooled;
    }

    boolean isClosed() {
        return closed;
    }

    /// Whether nothing can or need be freed any more.
    boolean isGone() {
        return closed || lost != null;
    }

    /// The error that made the context useless; empty as long as it works.
    public Optional<CudaException> lost() {
        return Optional.ofNullable(lost);
    }

    private CudaException noted(CudaException failure) {
        if (failure.contextLost() && lost == null) {
            lost = failure;
        }
        return failure;
    }

    /// Free and total memory of the device.
    public MemoryInfo memory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, 2);
            check(DriverFunction.cuMemGetInfo_v2, values.address(), values.address() + Long.BYTES);
            return new MemoryInfo(
                    values.getAtIndex(ValueLayout.JAVA_LONG, 0), values.getAtIndex(ValueLayout.JAVA_LONG, 1));
        }
    }

    /// What this process holds of the pool; all zero on a device without pools.
    public PoolUsage poolUsage() {
        return pooled
                ? new PoolUsage(
                        poolValue(POOL_USED_CURRENT), poolValue(POOL_USED_HIGH), poolValue(POOL_RESERVED_CURRENT))
                : new PoolUsage(0, 0, 0);
    }

    private long poolValue(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            check(DriverFunction.cuMemPoolGetAttribute, pool(), attribute, value.address());
            return value.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Gives memory that was freed, and whose streams have passed, back to the device.
    public void trim() {
        if (pooled) {
            check(DriverFunction.cuMemPoolTrimTo, pool(), 0);
        }
    }

    /// Waits until all work of the device's context is done.
    ///
    /// @throws CudaException when a kernel failed meanwhile
    public void synchronize() {
        check(DriverFunction.cuCtxSynchronize);
    }

    /// The default stream, which waits for other streams only where they say so; never closed.
    public CudaStream defaultStream() {
        return defaultStream;
    }

    /// A new stream that does not wait for the default stream.
    public CudaStream newStream() {
        return newStream(0);
    }

    /// A new stream.
    ///
    /// @param priority lower runs first; 0 is the lowest, values outside of what the device has are clamped by
    ///     the driver
    public CudaStream newStream(int priority) {
        return CudaStream.create(this, priority);
    }

    /// A new event that takes times.
    public CudaEvent newEvent() {
        return CudaEvent.create(this, true);
    }

    /// A new event for waiting alone, which costs the device less.
    public CudaEvent newMark() {
        return CudaEvent.create(this, false);
    }

    /// Allocates device memory that can be used by any stream at once; its contents are undefined.
    ///
    /// @throws CudaOutOfMemoryException when the device has not enough
    public DeviceMemory allocate(long bytes) {
        DeviceMemory memory = defaultStream.allocate(bytes);
        if (pooled) {
            defaultStream.synchronize();
        }
        return memory;
    }

    /// Allocates host memory that copies to and from the device directly.
    ///
    /// @throws CudaException when the system cannot lock that much, saying so
    public PinnedMemory allocatePinned(long bytes) {
        return PinnedMemory.allocate(this, bytes);
    }

    /// Loads compiled kernels.
    ///
    /// @param image a fatbin, a cubin, or PTX as text
    /// @throws CudaException when none of its code fits the device, with the compiler's log where it has one
    public CudaModule load(byte[] image) {
        return CudaModule.load(this, image);
    }

    /// Makes this context current on the calling thread, so that libraries that share it find it.
    public void makeCurrent() {
        if (closed) {
            throw new IllegalStateException("the context of GPU " + device.index() + " is closed");
        }
        driver.check(DriverFunction.cuCtxSetCurrent, handle);
    }

    /// Calls a function whose codes other than 0 are no failures as such; what is one is told to [#failure].
    int run(DriverFunction function, long... arguments) {
        makeCurrent();
        return driver.run(function, arguments);
    }

    /// What to throw for the code of [#run].
    CudaException failure(DriverFunction function, int code) {
        return noted(driver.failure(function, code));
    }

    void check(DriverFunction function, long... arguments) {
        try {
            makeCurrent();
            driver.check(function, arguments);
        } catch (CudaException e) {
            throw noted(e);
        }
    }

    long longFrom(DriverFunction function, long... rest) {
        try {
            makeCurrent();
            return driver.longFrom(function, rest);
        } catch (CudaException e) {
            throw noted(e);
        }
    }

    /// As [#longFrom], of a function that writes through its last parameter.
    long longFromTrailing(DriverFunction function, long first) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            check(function, first, result.address());
            return result.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Adds what was asked for and what is free to an error that says memory ran out; other errors pass
    /// unchanged.
    CudaException explain(CudaException failure, long requestedBytes) {
        if (failure.code() != CudaException.OUT_OF_MEMORY) {
            return failure;
        }
        return new CudaOutOfMemoryException(failure, requestedBytes, memory());
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        boolean works = lost == null;
        try {
            if (pooled && works) {
                trim();
            }
        } finally {
            closed = true;
            int code = driver.run(DriverFunction.cuDevicePrimaryCtxRelease_v2, device.handle());
            if (code != 0 && works) {
                throw driver.failure(DriverFunction.cuDevicePrimaryCtxRelease_v2, code);
            }
        }
    }
}
