package dev.quantreel.engines.runtime;

import java.util.concurrent.CancellationException;

/// Asks long work to stop. Work polls it often enough to stop within a second; native calls register a hook.
public interface CancellationToken {

    /// Never cancels.
    CancellationToken NONE = new CancellationToken() {
        @Override
        public boolean cancelled() {
            return false;
        }

        @Override
        public Registration onCancel(Runnable hook) {
            return () -> {};
        }
    };

    boolean cancelled();

    /// Runs `hook` once, on the cancelling thread, when cancellation is asked (at once if it already was); close to
    /// withdraw.
    Registration onCancel(Runnable hook);

    /// @throws CancellationException when cancellation was asked
    default void throwIfCancelled() {
        if (cancelled()) {
            throw new CancellationException("interrupted");
        }
    }

    /// Withdraws a hook.
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
