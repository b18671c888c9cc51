package dev.quantreel.engines.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// A thread beside its owner's, which does one thing after the other. For one owner.
public final class BackgroundThread implements AutoCloseable {

    private final ExecutorService executor;
    private final List<Future<?>> open = new ArrayList<>();

    /// @param name of the thread, for people
    public BackgroundThread(String name) {
        this(name, 0);
    }

    /// @param stackBytes for native code that recurses deeply; 0 is the system's default
    public BackgroundThread(String name, long stackBytes) {
        executor = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name).daemon().stackSize(stackBytes).factory());
    }

    /// Does something after all that was asked for before.
    public void run(Runnable task) {
        open.add(executor.submit(task));
    }

    /// Waits until all is done; throws what failed first.
    ///
    /// @throws CancellationException when interrupted
    public void await() {
        try {
            for (Future<?> task : open) {
                await(task);
            }
        } finally {
            open.clear();
        }
    }

    private static void await(Future<?> task) {
        try {
            task.get();
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

    /// Waits for what is being done; what is not begun is left out.
    @Override
    public void close() {
        open.forEach(task -> task.cancel(false));
        executor.close();
    }
}
