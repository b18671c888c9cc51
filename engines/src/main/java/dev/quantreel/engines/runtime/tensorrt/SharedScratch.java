package dev.quantreel.engines.runtime.tensorrt;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Scratch memory that all contexts of an engine share, for only one runs at a time: two engines of one model, for
/// steps of 8 and of 4 bits, take the activations of one. Grows to what the largest needs.
final class SharedScratch implements AutoCloseable {

    private final Device device;
    private final ReentrantLock turn = new ReentrantLock();
    private Device.@Nullable Memory memory;

    SharedScratch(Device device) {
        this.device = device;
    }

    /// Held by whoever runs, from the first copy to the last.
    ReentrantLock turn() {
        return turn;
    }

    /// Memory of at least so many bytes. What was lent before is gone when it was smaller; only for whoever has the
    /// turn, when no work is queued.
    Device.Memory lend(long bytes) {
        Device.Memory held = memory;
        if (held != null && held.bytes() >= bytes) {
            return held;
        }
        if (held != null) {
            memory = null;
            held.close();
        }
        Device.Memory larger = device.allocate(Math.max(bytes, 1));
        memory = larger;
        return larger;
    }

    long bytes() {
        Device.Memory held = memory;
        return held == null ? 0 : held.bytes();
    }

    @Override
    public void close() {
        Device.Memory held = memory;
        if (held != null) {
            memory = null;
            held.close();
        }
    }
}
