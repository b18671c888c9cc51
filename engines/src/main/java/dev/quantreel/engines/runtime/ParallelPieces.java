package dev.quantreel.engines.runtime;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/// Work cut into pieces, each done once by any of several threads, in order of their start. Every thread has a
/// memory of its own, so that memory is bounded by the number of threads.
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
        Workers.together(Math.clamp(pieces, 1, threads), worker);
    }

    /// What a thread works in.
    public interface Memory extends AutoCloseable {
        @Override
        void close();
    }
}
