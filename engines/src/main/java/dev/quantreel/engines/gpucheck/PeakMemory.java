package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// Least free memory of a GPU while somebody works on it, asked for every few milliseconds: what was taken from the
/// driver, which counts what a pool keeps. What an engine holds of it the engine itself knows.
final class PeakMemory {

    private static final long PERIOD_MILLIS = 5;

    private final AtomicLong least;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread;

    private PeakMemory(CudaContext cuda) {
        least = new AtomicLong(cuda.memory().freeBytes());
        thread = Thread.ofPlatform().daemon().name("peak of device memory").start(() -> {
            while (!stopped.get()) {
                least.accumulateAndGet(cuda.memory().freeBytes(), Math::min);
                try {
                    Thread.sleep(PERIOD_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        });
    }

    static PeakMemory watch(CudaContext cuda) {
        return new PeakMemory(cuda);
    }

    /// Ends watching.
    ///
    /// @return the least free memory that was seen, in bytes
    long stop() {
        stopped.set(true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return least.get();
    }
}
