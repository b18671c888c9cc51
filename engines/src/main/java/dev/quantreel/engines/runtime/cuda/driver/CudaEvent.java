package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A mark in a stream ([CudaStream#record]) that other streams or the host can wait for; one of
/// [CudaContext#newEvent] takes the time.
public final class CudaEvent implements AutoCloseable {

    private static final int WITHOUT_TIMES = 2;

    private final CudaContext context;
    private final long handle;
    private boolean closed;

    private CudaEvent(CudaContext context, long handle) {
        this.context = context;
        this.handle = handle;
    }

    static CudaEvent create(CudaContext context, boolean takesTimes) {
        return new CudaEvent(context, context.longFrom(DriverFunction.cuEventCreate, takesTimes ? 0 : WITHOUT_TIMES));
    }

    long handle() {
        if (closed) {
            throw new IllegalStateException("this event is closed");
        }
        return handle;
    }

    /// Waits until the stream has passed the mark.
    public void synchronize() {
        context.check(DriverFunction.cuEventSynchronize, handle());
    }

    /// Whether the stream has passed the mark.
    public boolean isDone() {
        int code = context.run(DriverFunction.cuEventQuery, handle());
        if (code != 0 && code != CudaException.NOT_READY) {
            throw context.failure(DriverFunction.cuEventQuery, code);
        }
        return code == 0;
    }

    /// Milliseconds of the GPU's clock between an earlier mark and this one; both must have been passed.
    public float millisSince(CudaEvent start) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment millis = arena.allocate(ValueLayout.JAVA_FLOAT);
            context.check(DriverFunction.cuEventElapsedTime, millis.address(), start.handle(), handle());
            return millis.get(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (!context.isGone()) {
                context.check(DriverFunction.cuEventDestroy_v2, handle);
            }
        }
    }
}
