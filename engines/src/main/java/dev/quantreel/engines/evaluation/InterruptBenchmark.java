package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.runtime.CancellationToken;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// How long work goes on after it was asked to stop.
public final class InterruptBenchmark {

    private InterruptBenchmark() {}

    /// Work that polls a token.
    @FunctionalInterface
    public interface Work {
        void run(CancellationToken cancellation);
    }

    /// @param delaySeconds from the start of the work until it was asked to stop
    /// @param stopSeconds from then until it had stopped; NaN when it was done before
    public record Stop(double delaySeconds, double stopSeconds) {}

    /// Starts the work anew for each delay and asks it to stop.
    public static List<Stop> measure(Work work, List<Double> delays) throws InterruptedException {
        List<Stop> stops = new ArrayList<>();
        for (double delay : delays) {
            stops.add(stop(work, delay));
        }
        return stops;
    }

    private static Stop stop(Work work, double delay) throws InterruptedException {
        Token token = new Token();
        AtomicLong ended = new AtomicLong();
        CountDownLatch begun = new CountDownLatch(1);
        Thread thread = Thread.ofPlatform().name("interrupted-work").start(() -> {
            begun.countDown();
            try {
                work.run(token);
            } catch (CancellationException e) {
                ended.set(System.nanoTime());
            }
        });
        begun.await();
        thread.join(TimeUnit.MILLISECONDS.toMillis((long) (delay * 1000)));
        long asked = System.nanoTime();
        token.cancel();
        thread.join();
        return new Stop(delay, ended.get() == 0 ? Double.NaN : (ended.get() - asked) / 1e9);
    }

    /// A token that is cancelled once.
    private static final class Token implements CancellationToken {

        private final List<Runnable> hooks = new ArrayList<>();
        private boolean cancelled;

        void cancel() {
            List<Runnable> due;
            synchronized (this) {
                cancelled = true;
                due = List.copyOf(hooks);
            }
            due.forEach(Runnable::run);
        }

        @Override
        public synchronized boolean cancelled() {
            return cancelled;
        }

        @Override
        public Registration onCancel(Runnable hook) {
            synchronized (this) {
                if (!cancelled) {
                    hooks.add(hook);
                    return () -> withdraw(hook);
                }
            }
            hook.run();
            return () -> {};
        }

        private synchronized void withdraw(Runnable hook) {
            hooks.remove(hook);
        }
    }
}
