package dev.quantreel.server.execution;

import java.util.List;
import java.util.Optional;

/// The queue at one moment.
///
/// @param pending waiting requests, next first
public record QueueSnapshot(Optional<Running> running, List<ExecutionRequest.Ticket> pending) {

    public QueueSnapshot {
        pending = List.copyOf(pending);
    }

    /// The request being run.
    ///
    /// @param startedAtMillis epoch milliseconds
    /// @param nodeId the node that runs, once one does
    public record Running(ExecutionRequest.Ticket ticket, long startedAtMillis, Optional<String> nodeId) {}

    public int remaining() {
        return pending.size() + (running.isPresent() ? 1 : 0);
    }
}
