package dev.quantreel.engines.quant;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Workers;
import java.util.concurrent.atomic.AtomicInteger;

/// Runs one task per run of rows on several threads. Every row writes only its own results, so the outcome does not
/// depend on the number of threads.
///
/// @param threads worker threads, at least 1
/// @param cancellation asked before every run of rows
public record RowTasks(int threads, CancellationToken cancellation) {

    /// Rows per task; even, so that two tasks never share a byte of packed nibbles.
    static final int CHUNK = 16;

    public RowTasks {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; at least 1 is needed");
        }
    }

    /// All processors.
    public static RowTasks parallel(CancellationToken cancellation) {
        return new RowTasks(Runtime.getRuntime().availableProcessors(), cancellation);
    }

    /// Handles the rows `from` (inclusive) to `to` (exclusive).
    interface Chunk {
        void run(int from, int to);
    }

    /// @throws CancellationException when cancellation was asked
    void run(int rows, Chunk chunk) {
        AtomicInteger next = new AtomicInteger();
        Runnable worker = () -> {
            for (int from = next.getAndAdd(CHUNK); from < rows; from = next.getAndAdd(CHUNK)) {
                cancellation.throwIfCancelled();
                chunk.run(from, Math.min(rows, from + CHUNK));
            }
        };
        Workers.together(Math.clamp(Math.ceilDiv(rows, CHUNK), 1, threads), worker);
    }
}
