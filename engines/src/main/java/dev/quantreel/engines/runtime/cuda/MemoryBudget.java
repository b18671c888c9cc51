package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaOutOfMemoryException;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/// How much memory of the device an engine may hold, over all its sessions. Thread-safe.
final class MemoryBudget {

    private final CudaContext context;
    private final OptionalLong limitBytes;
    private final AtomicLong heldBytes = new AtomicLong();

    /// @param limitBytes set by the user; empty lets it take all that is free
    MemoryBudget(CudaContext context, OptionalLong limitBytes) {
        this.context = context;
        this.limitBytes = limitBytes;
    }

    /// Bytes that can still be had: what is free of the device, and of the limit.
    long availableBytes() {
        long pooled = context.poolUsage().reservedBytes() - context.poolUsage().usedBytes();
        long free = context.memory().freeBytes() + Math.max(0, pooled);
        return Math.min(free, limitBytes.orElse(Long.MAX_VALUE) - heldBytes.get());
    }

    long heldBytes() {
        return heldBytes.get();
    }

    /// @param what it is for, in words
    /// @throws OutOfDeviceMemoryException when the limit or the device has not enough
    DeviceMemory allocate(long bytes, String what) {
        if (bytes > limitBytes.orElse(Long.MAX_VALUE) - heldBytes.get()) {
            throw new OutOfDeviceMemoryException(what, bytes, availableBytes(), describe(), null);
        }
        try {
            DeviceMemory memory = context.allocate(bytes);
            heldBytes.addAndGet(bytes);
            return memory;
        } catch (CudaOutOfMemoryException e) {
            throw new OutOfDeviceMemoryException(what, bytes, e.memory().freeBytes(), describe(), e);
        }
    }

    void free(DeviceMemory memory) {
        heldBytes.addAndGet(-memory.sizeBytes());
        memory.close();
    }

    /// What there is, in words.
    String describe() {
        String limit = limitBytes.isPresent() ? ", the limit is " + megabytes(limitBytes.getAsLong()) : "";
        return "the GPU has " + megabytes(context.memory().totalBytes()) + ", "
                + megabytes(context.memory().freeBytes()) + " are free, this engine holds " + megabytes(heldBytes.get())
                + limit;
    }

    static String megabytes(long bytes) {
        return String.format(Locale.ROOT, bytes < 100_000_000 ? "%.2f MB" : "%.0f MB", bytes / 1e6);
    }
}
