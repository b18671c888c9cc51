package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.server.graph.ExecutionGraph;
import java.util.List;
import java.util.Optional;

/// A graph to run, and who asked for it.
///
/// @param ticket what is remembered of it after it has run
/// @param metadata what nodes embed into their results
public record ExecutionRequest(Ticket ticket, ExecutionGraph graph, WorkflowMetadata metadata) {

    /// What the queue, the history and the job list say about a request.
    ///
    /// @param number place in the queue; the lowest runs first
    /// @param promptJson API format, as sent
    /// @param extraDataJson `extra_data`, as sent; an object
    /// @param clientId who gets the events; everybody when empty
    /// @param createdAtMillis epoch milliseconds
    public record Ticket(
            String promptId,
            double number,
            String promptJson,
            String extraDataJson,
            List<String> outputIds,
            Optional<String> clientId,
            Optional<String> workflowId,
            long createdAtMillis) {

        public Ticket {
            outputIds = List.copyOf(outputIds);
        }
    }
}
