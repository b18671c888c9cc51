package dev.quantreel.server.config;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Says every few seconds how far statistics of a model are, and when they will be there if nothing else is done
/// between them.
final class StatisticsProgress {

    private static final long NANOS = TimeUnit.SECONDS.toNanos(10);

    /// Longer than a run of a block takes: between two calls something else was done.
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final PrintStream out;
    private long lastCall = System.nanoTime();
    private long lastLine = lastCall - NANOS;
    private long spentNanos;
    private long fresh;

    StatisticsProgress(PrintStream out) {
        this.out = out;
    }

    /// As [dev.quantreel.engines.calibration.BlockCalibration.Progress].
    void tell(String what, long done, long total) {
        long now = System.nanoTime();
        if (fresh > 0 && now - lastCall < PAUSE_NANOS) {
            spentNanos += now - lastCall;
        }
        lastCall = now;
        fresh++;
        if (now - lastLine >= NANOS || done == total) {
            lastLine = now;
            out.println(String.format(
                    Locale.ROOT, "statistics: %s, %.1f %%%s", what, 100.0 * done / total, left(total - done)));
        }
    }

    private String left(long rest) {
        if (fresh < 2 || rest == 0) {
            return "";
        }
        long seconds = Math.round(spentNanos / 1e9 * rest / (fresh - 1));
        return ", " + (seconds < 60 ? seconds + " s left" : seconds / 60 + " min " + seconds % 60 + " s left");
    }
}
