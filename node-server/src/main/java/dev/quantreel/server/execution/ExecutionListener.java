package dev.quantreel.server.execution;

import java.util.Optional;

/// Hears what happens; called on the worker's thread, so it must be quick and must not throw.
@FunctionalInterface
public interface ExecutionListener {

    /// @param clientId who asked for the request the event belongs to; empty when nobody in particular
    void on(ExecutionEvent event, Optional<String> clientId);
}
