package dev.quantreel.server.config;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.server.execution.Interrupt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Long work of a command that Ctrl-C stops in order: the work is asked to stop and given a moment to leave nothing
/// half-written.
final class StoppableWork {

    private static final int GRACE_SECONDS = 5;

    private StoppableWork() {}

    /// Work that polls a token.
    interface Work<T> {
        T run(CancellationToken cancellation) throws Exception;
    }

    /// @throws Exception what the work throws
    static <T> T run(Work<T> work) throws Exception {
        Interrupt interrupt = new Interrupt();
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(interrupt, ended));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return work.run(interrupt);
        } finally {
            ended.countDown();
            withdraw(hook);
        }
    }

    private static void stop(Interrupt interrupt, CountDownLatch ended) {
        interrupt.cancel();
        try {
            if (!ended.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("quantreel: the work did not stop in time");
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
