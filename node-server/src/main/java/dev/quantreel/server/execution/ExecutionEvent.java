package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.UiItem;
import java.awt.image.BufferedImage;
import java.util.List;

/// Something happened while graphs were queued or run. Events of one request come in order, on one thread.
public sealed interface ExecutionEvent {

    /// The number of requests waiting or running changed.
    record QueueChanged(int remaining) implements ExecutionEvent {}

    record Started(String promptId, long timestampMillis) implements ExecutionEvent {}

    /// @param nodeIds nodes whose results are taken from the cache
    record Cached(String promptId, List<String> nodeIds, long timestampMillis) implements ExecutionEvent {}

    /// A node begins to run.
    record NodeStarted(String promptId, String nodeId, String title) implements ExecutionEvent {}

    record Progressed(String promptId, String nodeId, long value, long max) implements ExecutionEvent {}

    /// State of the nodes that are not waiting any more; in a large graph only of the last of them.
    record ProgressChanged(String promptId, List<NodeProgress> nodes) implements ExecutionEvent {
        public ProgressChanged {
            nodes = List.copyOf(nodes);
        }
    }

    /// A picture of unfinished work. The listener must not keep the picture: the node may paint over it.
    record Previewed(String promptId, String nodeId, BufferedImage image) implements ExecutionEvent {}

    /// A node says in words what it does.
    record Status(String promptId, String nodeId, String text) implements ExecutionEvent {}

    /// A node has something to show; also sent for a node whose result came from the cache.
    record Shown(String promptId, String nodeId, List<UiItem> items) implements ExecutionEvent {}

    record Succeeded(String promptId, long timestampMillis) implements ExecutionEvent {}

    record Failed(String promptId, Failure failure, long timestampMillis) implements ExecutionEvent {}

    record Interrupted(String promptId, String nodeId, String nodeType, List<String> executed, long timestampMillis)
            implements ExecutionEvent {}

    /// The request is over and in the history, however it ended.
    record Ended(String promptId) implements ExecutionEvent {}

    /// Progress of one node.
    record NodeProgress(String nodeId, State state, long value, long max) {}

    /// Wire names are lower case.
    enum State {
        RUNNING,
        FINISHED,
        ERROR
    }
}
