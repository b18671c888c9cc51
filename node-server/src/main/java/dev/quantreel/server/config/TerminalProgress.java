package dev.quantreel.server.config;

import dev.quantreel.server.execution.ExecutionEvent;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Shows on a terminal how a workflow gets on: a bar that is drawn over while a node runs, and a line when it is done.
/// Where output is not a terminal, lines only. Thread-safe.
final class TerminalProgress {

    private static final int BAR_CELLS = 24;
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final int total;
    private final Deque<String> running = new ArrayDeque<>();
    private int started;
    private long nodeStartNanos;
    private long lastDrawNanos;
    private String status = "";
    private long value;
    private long max = 1;

    /// @param total nodes that may run
    TerminalProgress(PrintStream out, boolean terminal, int total) {
        this.out = out;
        this.terminal = terminal;
        this.total = total;
    }

    synchronized void on(ExecutionEvent event) {
        switch (event) {
            case ExecutionEvent.NodeStarted node -> begin(node.title());
            case ExecutionEvent.Progressed progress -> advance(progress.value(), progress.max());
            case ExecutionEvent.Status words -> say(words.text());
            case ExecutionEvent.ProgressChanged changed -> {
                boolean over = changed.nodes().getLast().state() != ExecutionEvent.State.RUNNING;
                if (over && !running.isEmpty()) {
                    end(changed.nodes().getLast().state() == ExecutionEvent.State.FINISHED);
                }
            }
            case ExecutionEvent.Interrupted ignored -> end(false);
            default -> {}
        }
    }

    private void begin(String title) {
        running.push(title);
        started++;
        nodeStartNanos = System.nanoTime();
        lastDrawNanos = nodeStartNanos;
        status = "";
        value = 0;
        max = 1;
        if (terminal) {
            draw();
        } else {
            out.println(label());
        }
    }

    private void advance(long newValue, long newMax) {
        value = newValue;
        max = Math.max(1, newMax);
        if (terminal) {
            drawSoon();
        } else if (value < max) {
            printSometimes(value + " of " + max);
        }
    }

    private void say(String text) {
        status = text;
        if (terminal) {
            drawSoon();
        } else {
            printSometimes(text);
        }
    }

    /// Not more than a line every few seconds, so that logs stay readable.
    private void printSometimes(String words) {
        if (System.nanoTime() - lastDrawNanos >= QUIET_NANOS) {
            lastDrawNanos = System.nanoTime();
            out.println(label() + ": " + words + elapsed());
        }
    }

    private void end(boolean finished) {
        if (running.isEmpty()) {
            return;
        }
        String line = label() + (finished ? ": done" : ": stopped") + elapsed();
        out.println((terminal ? CLEAR_LINE : "") + line);
        running.pop();
    }

    private void drawSoon() {
        long now = System.nanoTime();
        if (now - lastDrawNanos > TimeUnit.MILLISECONDS.toNanos(80) || value >= max) {
            draw();
        }
    }

    private void draw() {
        lastDrawNanos = System.nanoTime();
        int full = (int) Math.clamp(BAR_CELLS * value / max, 0, BAR_CELLS);
        String bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
        String words = status.length() <= 60 ? status : status.substring(0, 57) + "...";
        out.print(CLEAR_LINE + label() + " " + bar + " " + value + "/" + max + elapsed()
                + (words.isEmpty() ? "" : "  " + words));
        out.flush();
    }

    private String label() {
        return "[" + started + "/" + total + "] " + running.peek();
    }

    private String elapsed() {
        double seconds = (System.nanoTime() - nodeStartNanos) / 1e9;
        return String.format(Locale.ROOT, " (%.1f s)", seconds);
    }
}
