package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.server.execution.ExecutionRequest.Ticket;
import dev.quantreel.server.execution.ExecutionResult.Outcome;
import dev.quantreel.server.execution.HistoryEntry;
import dev.quantreel.server.workflow.Json;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A prompt as the job list shows it.
///
/// @param status wire name of its state
/// @param startedAtMillis epoch milliseconds
record JobJson(Ticket ticket, String status, Optional<Long> startedAtMillis, Optional<HistoryEntry> entry) {

    static final List<String> STATES = List.of("pending", "in_progress", "completed", "failed", "cancelled");

    static JobJson pending(Ticket ticket) {
        return new JobJson(ticket, "pending", Optional.empty(), Optional.empty());
    }

    static JobJson running(Ticket ticket, long startedAtMillis) {
        return new JobJson(ticket, "in_progress", Optional.of(startedAtMillis), Optional.empty());
    }

    static JobJson ended(HistoryEntry entry) {
        String status =
                switch (entry.result().outcome()) {
                    case Outcome.Success ignored -> "completed";
                    case Outcome.Error ignored -> "failed";
                    case Outcome.Interrupted ignored -> "cancelled";
                };
        return new JobJson(entry.ticket(), status, Optional.of(entry.startedAtMillis()), Optional.of(entry));
    }

    long createdAtMillis() {
        return ticket.createdAtMillis();
    }

    /// Milliseconds it ran; 0 before it has ended.
    long durationMillis() {
        return entry.map(ended -> ended.endedAtMillis() - ended.startedAtMillis())
                .orElse(0L);
    }

    ObjectNode summary() {
        ObjectNode json = Json.object().put("id", ticket.promptId()).put("status", status);
        json.set("priority", HistoryJson.item(ticket).get(0));
        json.put("create_time", ticket.createdAtMillis());
        startedAtMillis.ifPresent(start -> json.put("execution_start_time", start));
        entry.ifPresent(ended -> {
            json.put("execution_end_time", ended.endedAtMillis());
            if (ended.result().outcome() instanceof Outcome.Error(var failure)) {
                json.set("execution_error", EventJson.failed(ticket.promptId(), failure, ended.endedAtMillis()));
            }
        });
        outputs(json);
        ticket.workflowId().ifPresent(id -> json.put("workflow_id", id));
        return json;
    }

    private void outputs(ObjectNode json) {
        Map<String, List<UiItem>> shown =
                entry.map(ended -> ended.result().shown()).orElse(Map.of());
        int count = 0;
        int previewable = 0;
        for (Map.Entry<String, List<UiItem>> node : shown.entrySet()) {
            for (UiItem item : node.getValue()) {
                count++;
                if (item instanceof UiItem.FileItem file && file.kind() != UiItem.Kind.FILES) {
                    if (previewable++ == 0) {
                        json.set("preview_output", preview(node.getKey(), file));
                    }
                }
            }
        }
        json.put("outputs_count", count).put("previewable_outputs_count", previewable);
    }

    private static ObjectNode preview(String nodeId, UiItem.FileItem file) {
        String kind = file.mediaType().startsWith("video/") ? "video" : "images";
        return UiJson.file(file).put("nodeId", nodeId).put("mediaType", kind);
    }

    ObjectNode details() {
        ObjectNode json = summary();
        entry.ifPresent(ended -> {
            json.set("outputs", HistoryJson.outputs(ended));
            json.set("execution_status", HistoryJson.status(ended));
        });
        ObjectNode workflow = json.putObject("workflow");
        workflow.putRawValue("prompt", new RawValue(ticket.promptJson()));
        workflow.putRawValue("extra_data", new RawValue(ticket.extraDataJson()));
        return json;
    }
}
