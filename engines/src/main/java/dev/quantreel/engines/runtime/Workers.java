package dev.quantreel.engines.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Threads that work on one thing together and end with it.
public final class Workers {

    private Workers() {}

    /// Runs `worker` on so many threads at once and waits for all; a single one runs on the caller's thread. The
    /// first failure is thrown as it is.
    ///
    /// @param count at least 1
    /// @throws CancellationException when the caller was interrupted while it waited
    public static void together(int count, Runnable worker) {
        if (count == 1) {
            worker.run();
            return;
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(count)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                futures.add(executor.submit(worker));
            }
            for (Future<?> future : futures) {
                await(future);
            }
        }
    }

    private static void await(Future<?> future) {
        try {
            future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        }
    }
}
