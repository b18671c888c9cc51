package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.UiItem;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How a request ended, and what its nodes showed.
///
/// @param shown what to show, by node id
/// @param executed ids of the nodes that ran, in order
/// @param cached ids of the nodes whose results came from the cache
public record ExecutionResult(
        Outcome outcome, Map<String, List<UiItem>> shown, List<String> executed, List<String> cached) {

    public ExecutionResult {
        shown = Collections.unmodifiableMap(new LinkedHashMap<>(shown));
        executed = List.copyOf(executed);
        cached = List.copyOf(cached);
    }

    /// How it ended.
    public sealed interface Outcome {
        record Success() implements Outcome {}

        record Error(Failure failure) implements Outcome {}

        /// @param nodeId the node that ran or was about to
        record Interrupted(String nodeId) implements Outcome {}
    }
}
