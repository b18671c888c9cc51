package dev.quantreel.server.config;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Shows how many bytes of a long job are done: one line drawn over on a terminal, a line every few seconds
/// elsewhere.
/// Thread-safe.
final class ByteProgress {

    private static final long TERMINAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final String what;
    private final long totalBytes;
    private final long startNanos = System.nanoTime();
    private long doneBytes;
    private long skippedBytes;
    private long lastNanos = startNanos;

    /// @param what is done: `writing model.safetensors`
    ByteProgress(PrintStream out, String what, long totalBytes) {
        this.out = out;
        this.terminal = System.console() != null && System.console().isTerminal();
        this.what = what;
        this.totalBytes = totalBytes;
    }

    /// @param bytes done since the last call
    synchronized void advance(long bytes) {
        doneBytes += bytes;
        show();
    }

    /// @param bytes that an earlier run did; they do not count in the rate
    synchronized void skip(long bytes) {
        skippedBytes += bytes;
        advance(bytes);
    }

    /// Bytes that this run did.
    synchronized long freshBytes() {
        return doneBytes - skippedBytes;
    }

    private void show() {
        long now = System.nanoTime();
        if (now - lastNanos >= (terminal ? TERMINAL_NANOS : LOG_NANOS)) {
            lastNanos = now;
            String line = what + ": " + megabytes(doneBytes) + " of " + megabytes(totalBytes) + ", " + rate() + left();
            if (terminal) {
                out.print(CLEAR_LINE + line);
                out.flush();
            } else {
                out.println(line);
            }
        }
    }

    /// Removes the line that is drawn over.
    synchronized void end() {
        if (terminal) {
            out.print(CLEAR_LINE);
            out.flush();
        }
    }

    /// `312 MB/s`, since the start.
    synchronized String rate() {
        double seconds = Math.max(1e-9, seconds());
        return String.format(Locale.ROOT, "%.0f MB/s", freshBytes() / 1e6 / seconds);
    }

    /// `, 1 min 20 s left`, as long as there is a rate.
    private String left() {
        if (freshBytes() == 0) {
            return "";
        }
        long rest = Math.round(seconds() * (totalBytes - doneBytes) / freshBytes());
        return ", " + (rest < 60 ? rest + " s left" : rest / 60 + " min " + rest % 60 + " s left");
    }

    double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    static String megabytes(long bytes) {
        return bytes < 10_000_000_000L
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }
}
