package dev.quantreel.engines.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/// Work cut into pieces, each done once by any of several threads, in order of their start. Every thread has a
/// memory of
/// its own, so that memory is bounded by the number of threads.
///
/// @param threads worker threads, at least 1
/// @param cancellation asked before every piece
public record ParallelPieces(int threads, CancellationToken cancellation) {

    public ParallelPieces {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; at least 1 is needed");
        }
    }

    /// On all processors.
    public static ParallelPieces of(CancellationToken cancellation) {
        return new ParallelPieces(Runtime.getRuntime().availableProcessors(), cancellation);
    }

    /// Handles one piece.
    public interface Task<M> {
        /// @param memory of the thread
        void run(int piece, M memory);
    }

    /// Runs all pieces and waits. The first failure is thrown; pieces not yet begun are left out then.
    ///
    /// @param memory made once per thread, closed at its end
    /// @throws CancellationException when cancellation was asked
    public <M extends Memory> void run(int pieces, Supplier<M> memory, Task<M> task) {
        AtomicInteger next = new AtomicInteger();
        Runnable worker = () -> {
            try (M own = memory.get()) {
                for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
                    cancellation.throwIfCancelled();
                    task.run(i, own);
                }
            } finally {
                next.set(pieces);
            }
        };
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < Math.min(threads, pieces); i++) {
                futures.add(executor.submit(worker));
            }
            for (Future<?> future : futures) {
                await(future);
            }
        }
    }

    /// What a thread works in.
    public interface Memory extends AutoCloseable {
        @Override
        void close();
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
