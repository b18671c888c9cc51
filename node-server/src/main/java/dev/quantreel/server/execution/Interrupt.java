package dev.quantreel.server.execution;

import dev.quantreel.engines.runtime.CancellationToken;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// The cancellation of one request. Thread-safe; cancelled once and for all.
public final class Interrupt implements CancellationToken {

    private final Set<Hook> hooks = new LinkedHashSet<>();
    private volatile boolean cancelled;

    private record Hook(Runnable action, Object identity) {}

    /// Asks the running node to stop and runs its hooks on this thread.
    public void cancel() {
        List<Hook> due;
        synchronized (hooks) {
            cancelled = true;
            due = List.copyOf(hooks);
            hooks.clear();
        }
        due.forEach(hook -> hook.action().run());
    }

    @Override
    public boolean cancelled() {
        return cancelled;
    }

    @Override
    public Registration onCancel(Runnable action) {
        Hook hook = new Hook(action, new Object());
        synchronized (hooks) {
            if (!cancelled) {
                hooks.add(hook);
                return () -> withdraw(hook);
            }
        }
        action.run();
        return () -> {};
    }

    private void withdraw(Hook hook) {
        synchronized (hooks) {
            hooks.remove(hook);
        }
    }
}
