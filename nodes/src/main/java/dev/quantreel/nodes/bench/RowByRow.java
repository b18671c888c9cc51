package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.Row;
import dev.quantreel.engines.runtime.CancellationToken;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/// Measures a table line by line on the terminal: one status line with the time that is left, and at Ctrl-C the table
/// of the lines that are complete.
final class RowByRow {

    private static final int GRACE_SECONDS = 10;
    private static final int INTERRUPTED = 130;

    private final Interruption interruption = new Interruption();
    private final List<Row> rows = new ArrayList<>();
    private final long start = System.nanoTime();
    private int counted;
    private int measuredFrom;
    private long measuringSince;

    /// What measures.
    interface Work {
        void run(CancellationToken cancellation, Consumer<Row> rows) throws Exception;
    }

    private static final class Interruption implements CancellationToken {

        private final Set<Runnable> hooks = ConcurrentHashMap.newKeySet();
        private volatile boolean asked;

        void ask() {
            asked = true;
            hooks.forEach(Runnable::run);
        }

        @Override
        public boolean cancelled() {
            return asked;
        }

        @Override
        public Registration onCancel(Runnable hook) {
            hooks.add(hook);
            if (asked) {
                hook.run();
            }
            return () -> hooks.remove(hook);
        }
    }

    /// Runs the work and prints the table.
    ///
    /// @param table of complete lines
    /// @return exit code: 0, or 130 when it was interrupted
    int print(Work work, Function<List<Row>, String> table, PrintStream out) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(ended));
        Runtime.getRuntime().addShutdownHook(hook);
        boolean complete = true;
        try {
            work.run(interruption, rows::add);
        } catch (CancellationException e) {
            complete = false;
        } finally {
            System.err.print("\r\033[K");
            if (!rows.isEmpty()) {
                out.println();
                out.print(table.apply(List.copyOf(rows)));
            }
            out.printf(
                    Locale.ROOT,
                    "%n%s after %.1f min.%n",
                    complete ? "Done" : "Interrupted; lines that were not complete are left out,",
                    (System.nanoTime() - start) / 60e9);
            out.flush();
            ended.countDown();
            withdraw(hook);
        }
        return complete ? 0 : INTERRUPTED;
    }

    /// Told of every generation.
    void progress(String what, int done, int total) {
        if (total != counted) {
            counted = total;
            measuredFrom = done;
            measuringSince = System.nanoTime();
        }
        String left = "";
        if (done > measuredFrom) {
            double perPiece = (System.nanoTime() - measuringSince) / 1e9 / (done - measuredFrom);
            left = String.format(Locale.ROOT, ", %.0f min left", Math.ceil(perPiece * (total - done) / 60));
        }
        System.err.printf(Locale.ROOT, "\r\033[K%d/%d%s: %s", done + 1, total, left, what);
    }

    private void stop(CountDownLatch ended) {
        interruption.ask();
        try {
            if (!ended.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("quantreel: the measurement did not stop in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void withdraw(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            Thread.yield(); // the program is ending already, the hook is running
        }
    }
}
