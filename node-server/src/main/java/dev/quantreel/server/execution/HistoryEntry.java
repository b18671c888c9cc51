package dev.quantreel.server.execution;

/// A request that has ended.
///
/// @param startedAtMillis epoch milliseconds
/// @param endedAtMillis epoch milliseconds
public record HistoryEntry(
        ExecutionRequest.Ticket ticket, ExecutionResult result, long startedAtMillis, long endedAtMillis) {}
