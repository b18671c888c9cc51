package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.execution.QueueSnapshot;
import dev.quantreel.server.workflow.Json;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// `/api/jobs`: waiting, running and ended prompts in one list. Registered under `/api` only, as in ComfyUI.
final class JobRoutes {

    private final PromptService prompts;

    JobRoutes(PromptService prompts) {
        this.prompts = prompts;
    }

    void register(RoutesConfig routes) {
        routes.get("/api/jobs", this::list);
        routes.get("/api/jobs/{id}", this::job);
        routes.post("/api/jobs/cancel", this::cancelAll);
        routes.post("/api/jobs/{id}/cancel", this::cancel);
    }

    private List<JobJson> all() {
        List<JobJson> jobs = new ArrayList<>();
        prompts.history().forEach(entry -> jobs.add(JobJson.ended(entry)));
        QueueSnapshot queue = prompts.queue();
        queue.running().ifPresent(run -> jobs.add(JobJson.running(run.ticket(), run.startedAtMillis())));
        queue.pending().forEach(ticket -> jobs.add(JobJson.pending(ticket)));
        return jobs;
    }

    private void list(Context context) {
        List<String> states = states(context);
        String workflowId = context.queryParam("workflow_id");
        Predicate<JobJson> wanted = job -> (states.isEmpty() || states.contains(job.status()))
                && (workflowId == null || job.ticket().workflowId().equals(Optional.of(workflowId)));
        List<JobJson> jobs =
                all().stream().filter(wanted).sorted(order(context)).toList();
        int limit = plainInteger(context, "limit", 1, Math.max(1, jobs.size()));
        int offset = plainInteger(context, "offset", 0, 0);
        int first = Math.min(offset, jobs.size());
        int last = Math.min(jobs.size(), first + limit);
        ObjectNode json = Json.object();
        ArrayNode array = json.putArray("jobs");
        jobs.subList(first, last).forEach(job -> array.add(job.summary()));
        json.putObject("pagination")
                .put("offset", offset)
                .put("limit", limit)
                .put("total", jobs.size())
                .put("has_more", last < jobs.size());
        Exchange.reply(context, json);
    }

    private static int plainInteger(Context context, String name, int min, int otherwise) {
        try {
            return Exchange.integer(context, name, min).orElse(otherwise);
        } catch (HttpError e) {
            throw HttpError.plain(400, String.valueOf(e.getMessage()));
        }
    }

    private static List<String> states(Context context) {
        String text = context.queryParam("status");
        if (text == null || text.isBlank()) {
            return List.of();
        }
        List<String> states =
                Arrays.stream(text.split(",", -1)).map(String::strip).toList();
        for (String state : states) {
            if (!JobJson.STATES.contains(state)) {
                throw HttpError.plain(400, "status '" + state + "' is none of " + JobJson.STATES);
            }
        }
        return states;
    }

    private static Comparator<JobJson> order(Context context) {
        String by = context.queryParam("sort_by");
        Comparator<JobJson> order =
                switch (by == null ? "created_at" : by) {
                    case "created_at" -> Comparator.comparingLong(JobJson::createdAtMillis);
                    case "execution_duration" -> Comparator.comparingLong(JobJson::durationMillis);
                    default ->
                        throw HttpError.plain(
                                400, "sort_by must be created_at or execution_duration, got '" + by + "'");
                };
        String direction = context.queryParam("sort_order");
        return switch (direction == null ? "desc" : direction) {
            case "asc" -> order;
            case "desc" -> order.reversed();
            default -> throw HttpError.plain(400, "sort_order must be asc or desc, got '" + direction + "'");
        };
    }

    private void job(Context context) {
        String id = context.pathParam("id");
        JobJson job = all().stream()
                .filter(found -> found.ticket().promptId().equals(id))
                .findFirst()
                .orElseThrow(() -> HttpError.plain(404, "Job not found"));
        Exchange.reply(context, job.details());
    }

    private void cancel(Context context) {
        boolean cancelled = stop(List.of(context.pathParam("id")));
        Exchange.reply(context, Json.object().put("cancelled", cancelled));
    }

    private void cancelAll(Context context) {
        List<String> ids;
        try {
            ids = Exchange.texts(Exchange.object(context), "job_ids");
        } catch (HttpError e) {
            throw HttpError.plain(400, String.valueOf(e.getMessage()));
        }
        if (ids.isEmpty()) {
            throw HttpError.plain(400, "job_ids must be a list of at least one id");
        }
        Exchange.reply(context, Json.object().put("cancelled", stop(ids)));
    }

    private boolean stop(List<String> ids) {
        boolean stopped = prompts.delete(ids) > 0;
        for (String id : ids) {
            stopped |= prompts.interrupt(Optional.of(id));
        }
        return stopped;
    }
}
