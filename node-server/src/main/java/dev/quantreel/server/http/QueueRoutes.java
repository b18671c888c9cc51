package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.execution.HistoryEntry;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.execution.QueueSnapshot;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.util.List;
import java.util.OptionalInt;

/// `/queue`, `/history`, `/interrupt` and `/free`.
final class QueueRoutes {

    private final PromptService prompts;

    QueueRoutes(PromptService prompts) {
        this.prompts = prompts;
    }

    void register(RouteTable routes) {
        routes.get("/queue", this::queue)
                .post("/queue", this::changeQueue)
                .get("/history", this::history)
                .get("/history/{id}", this::historyOf)
                .post("/history", this::changeHistory)
                .post("/interrupt", this::interrupt)
                .post("/free", this::free);
    }

    private void queue(Context context) {
        QueueSnapshot queue = prompts.queue();
        ObjectNode json = Json.object();
        ArrayNode running = json.putArray("queue_running");
        queue.running().ifPresent(run -> running.add(HistoryJson.item(run.ticket())));
        ArrayNode pending = json.putArray("queue_pending");
        queue.pending().forEach(ticket -> pending.add(HistoryJson.item(ticket)));
        Exchange.reply(context, json);
    }

    private void changeQueue(Context context) {
        ObjectNode body = Exchange.object(context);
        List<String> delete = Exchange.texts(body, "delete");
        if (Exchange.flag(body, "clear")) {
            prompts.clear();
        }
        if (!delete.isEmpty()) {
            prompts.delete(delete);
        }
    }

    private void history(Context context) {
        OptionalInt maxItems = Exchange.integer(context, "max_items", 0);
        OptionalInt offset = Exchange.integer(context, "offset", Integer.MIN_VALUE);
        List<HistoryEntry> all = prompts.history();
        int count = Math.min(maxItems.orElse(all.size()), all.size());
        int first = offset.isPresent() && offset.getAsInt() >= 0
                ? Math.min(offset.getAsInt(), all.size())
                : all.size() - count;
        ObjectNode json = Json.object();
        all.subList(first, Math.min(first + count, all.size()))
                .forEach(entry -> json.set(entry.ticket().promptId(), HistoryJson.entry(entry)));
        Exchange.reply(context, json);
    }

    private void historyOf(Context context) {
        ObjectNode json = Json.object();
        prompts.history(context.pathParam("id"))
                .ifPresent(entry -> json.set(entry.ticket().promptId(), HistoryJson.entry(entry)));
        Exchange.reply(context, json);
    }

    private void changeHistory(Context context) {
        ObjectNode body = Exchange.object(context);
        List<String> delete = Exchange.texts(body, "delete");
        if (Exchange.flag(body, "clear")) {
            prompts.clearHistory();
        }
        prompts.deleteHistory(delete);
    }

    private void interrupt(Context context) {
        prompts.interrupt(Exchange.text(Exchange.object(context), "prompt_id"));
    }

    private void free(Context context) {
        ObjectNode body = Exchange.object(context);
        prompts.free(Exchange.flag(body, "unload_models"), Exchange.flag(body, "free_memory"));
    }
}
