package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.execution.ExecutionEvent;
import dev.quantreel.server.execution.ExecutionEvent.NodeProgress;
import dev.quantreel.server.execution.Failure;
import dev.quantreel.server.workflow.Json;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Text messages of the WebSocket.
final class EventJson {

    private EventJson() {}

    /// The message of an event; empty for those that are sent as binary frames.
    static Optional<ObjectNode> of(ExecutionEvent event) {
        return switch (event) {
            case ExecutionEvent.QueueChanged(int remaining) -> Optional.of(message("status", status(remaining)));
            case ExecutionEvent.Started(String promptId, long timestamp) ->
                Optional.of(message("execution_start", stamped(promptId, timestamp)));
            case ExecutionEvent.Cached(String promptId, List<String> nodeIds, long timestamp) ->
                Optional.of(message("execution_cached", cached(promptId, nodeIds, timestamp)));
            case ExecutionEvent.NodeStarted(String promptId, String nodeId, String title) ->
                Optional.of(message("executing", executing(promptId, nodeId)));
            case ExecutionEvent.Progressed(String promptId, String nodeId, long value, long max) ->
                Optional.of(message(
                        "progress",
                        Json.object()
                                .put("value", value)
                                .put("max", max)
                                .put("prompt_id", promptId)
                                .put("node", nodeId)));
            case ExecutionEvent.ProgressChanged(String promptId, List<NodeProgress> nodes) ->
                Optional.of(message("progress_state", progressState(promptId, nodes)));
            case ExecutionEvent.Shown shown -> Optional.of(message("executed", executed(shown)));
            case ExecutionEvent.Succeeded(String promptId, long timestamp) ->
                Optional.of(message("execution_success", stamped(promptId, timestamp)));
            case ExecutionEvent.Failed(String promptId, Failure failure, long timestamp) ->
                Optional.of(message("execution_error", failed(promptId, failure, timestamp)));
            case ExecutionEvent.Interrupted interrupted ->
                Optional.of(message("execution_interrupted", interrupted(interrupted)));
            case ExecutionEvent.Ended(String promptId) ->
                Optional.of(message("executing", Json.object().putNull("node").put("prompt_id", promptId)));
            case ExecutionEvent.Previewed ignored -> Optional.empty();
            case ExecutionEvent.Status ignored -> Optional.empty();
        };
    }

    static ObjectNode message(String type, ObjectNode data) {
        ObjectNode message = Json.object().put("type", type);
        message.set("data", data);
        return message;
    }

    static ObjectNode status(int remaining) {
        ObjectNode data = Json.object();
        data.putObject("status").putObject("exec_info").put("queue_remaining", remaining);
        return data;
    }

    static ObjectNode stamped(String promptId, long timestamp) {
        return Json.object().put("prompt_id", promptId).put("timestamp", timestamp);
    }

    static ObjectNode cached(String promptId, List<String> nodeIds, long timestamp) {
        ObjectNode data = Json.object();
        texts(data.putArray("nodes"), nodeIds);
        return data.put("prompt_id", promptId).put("timestamp", timestamp);
    }

    static ObjectNode executing(String promptId, String nodeId) {
        return Json.object().put("node", nodeId).put("display_node", nodeId).put("prompt_id", promptId);
    }

    private static ObjectNode executed(ExecutionEvent.Shown shown) {
        ObjectNode data = Json.object().put("node", shown.nodeId()).put("display_node", shown.nodeId());
        data.set("output", UiJson.of(shown.items()));
        return data.put("prompt_id", shown.promptId());
    }

    private static ObjectNode progressState(String promptId, List<NodeProgress> nodes) {
        ObjectNode data = Json.object().put("prompt_id", promptId);
        ObjectNode states = data.putObject("nodes");
        for (NodeProgress node : nodes) {
            states.putObject(node.nodeId())
                    .put("value", node.value())
                    .put("max", node.max())
                    .put("state", node.state().name().toLowerCase(Locale.ROOT))
                    .put("node_id", node.nodeId())
                    .put("prompt_id", promptId)
                    .put("display_node_id", node.nodeId())
                    .putNull("parent_node_id")
                    .put("real_node_id", node.nodeId());
        }
        return data;
    }

    static ObjectNode failed(String promptId, Failure failure, long timestamp) {
        ObjectNode data = Json.object()
                .put("prompt_id", promptId)
                .put("node_id", failure.nodeId())
                .put("node_type", failure.nodeType());
        texts(data.putArray("executed"), failure.executed());
        data.put("exception_message", failure.message()).put("exception_type", failure.exceptionType());
        failure.input().ifPresent(input -> data.put("input_name", input));
        texts(data.putArray("traceback"), failure.trace());
        ObjectNode inputs = data.putObject("current_inputs");
        failure.inputs().forEach((name, value) -> inputs.putArray(name).add(value));
        texts(data.putArray("current_outputs"), failure.executed());
        return data.put("timestamp", timestamp);
    }

    private static ObjectNode interrupted(ExecutionEvent.Interrupted event) {
        ObjectNode data = Json.object()
                .put("prompt_id", event.promptId())
                .put("node_id", event.nodeId())
                .put("node_type", event.nodeType());
        texts(data.putArray("executed"), event.executed());
        return data.put("timestamp", event.timestampMillis());
    }

    static void texts(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }
}
