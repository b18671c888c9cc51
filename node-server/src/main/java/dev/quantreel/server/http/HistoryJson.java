package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.quantreel.server.execution.ExecutionRequest.Ticket;
import dev.quantreel.server.execution.ExecutionResult.Outcome;
import dev.quantreel.server.execution.Failure;
import dev.quantreel.server.execution.HistoryEntry;
import dev.quantreel.server.workflow.Json;

/// Queue items and history entries.
final class HistoryJson {

    private HistoryJson() {}

    /// `[number, prompt_id, prompt, extra_data, [output ids]]`.
    static ArrayNode item(Ticket ticket) {
        ArrayNode item = Json.array();
        if (ticket.number() == Math.rint(ticket.number())) {
            item.add((long) ticket.number());
        } else {
            item.add(ticket.number());
        }
        item.add(ticket.promptId());
        item.addRawValue(new RawValue(ticket.promptJson()));
        item.addRawValue(new RawValue(ticket.extraDataJson()));
        EventJson.texts(item.addArray(), ticket.outputIds());
        return item;
    }

    static ObjectNode entry(HistoryEntry entry) {
        ObjectNode json = Json.object();
        json.set("prompt", item(entry.ticket()));
        json.set("outputs", outputs(entry));
        json.set("status", status(entry));
        ObjectNode meta = json.putObject("meta");
        for (String nodeId : entry.result().shown().keySet()) {
            meta.putObject(nodeId)
                    .put("node_id", nodeId)
                    .put("display_node", nodeId)
                    .putNull("parent_node")
                    .put("real_node_id", nodeId);
        }
        return json;
    }

    static ObjectNode outputs(HistoryEntry entry) {
        ObjectNode outputs = Json.object();
        entry.result().shown().forEach((nodeId, items) -> outputs.set(nodeId, UiJson.of(items)));
        return outputs;
    }

    static ObjectNode status(HistoryEntry entry) {
        String promptId = entry.ticket().promptId();
        long end = entry.endedAtMillis();
        ObjectNode json = Json.object();
        boolean success = entry.result().outcome() instanceof Outcome.Success;
        json.put("status_str", success ? "success" : "error").put("completed", success);
        ArrayNode messages = json.putArray("messages");
        messages.addArray().add("execution_start").add(EventJson.stamped(promptId, entry.startedAtMillis()));
        messages.addArray()
                .add("execution_cached")
                .add(EventJson.cached(promptId, entry.result().cached(), entry.startedAtMillis()));
        switch (entry.result().outcome()) {
            case Outcome.Success() ->
                messages.addArray().add("execution_success").add(EventJson.stamped(promptId, end));
            case Outcome.Error(Failure failure) ->
                messages.addArray().add("execution_error").add(EventJson.failed(promptId, failure, end));
            case Outcome.Interrupted(String nodeId) -> {
                ObjectNode data = Json.object().put("prompt_id", promptId).put("node_id", nodeId);
                EventJson.texts(data.putArray("executed"), entry.result().executed());
                messages.addArray().add("execution_interrupted").add(data.put("timestamp", end));
            }
        }
        return json;
    }
}
