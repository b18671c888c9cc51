package dev.quantreel.engines.testing;

import dev.quantreel.engines.runtime.CancellationToken;

/// Stops work inside the first native run that registers a hook, whatever the speed of the machine; polls before that
/// see nothing.
public final class StopInRun implements CancellationToken {

    private boolean cancelled;
    private int polls;

    @Override
    public boolean cancelled() {
        polls++;
        return cancelled;
    }

    @Override
    public Registration onCancel(Runnable hook) {
        cancelled = true;
        hook.run();
        return () -> {};
    }

    /// Whether a native run was told to stop.
    public boolean reachedARun() {
        return cancelled;
    }

    /// How often the work asked.
    public int polls() {
        return polls;
    }
}
