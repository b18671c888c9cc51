package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.server.execution.ExecutionRequest.Ticket;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.execution.PromptService.Submission;
import dev.quantreel.server.execution.QueueException;
import dev.quantreel.server.graph.GraphValidator;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.ApiWorkflow;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.UUID;

/// `/prompt`: validates and queues.
final class PromptRoutes {

    private final PromptService prompts;
    private final GraphValidator validator;
    private final ErrorJson errors;

    PromptRoutes(PromptService prompts, GraphValidator validator, ErrorJson errors) {
        this.prompts = prompts;
        this.validator = validator;
        this.errors = errors;
    }

    void register(RouteTable routes) {
        routes.get("/prompt", this::info).post("/prompt", this::submit);
    }

    private void info(Context context) {
        Exchange.reply(
                context, (ObjectNode) EventJson.status(prompts.remaining()).get("status"));
    }

    private void submit(Context context) {
        ObjectNode body = Exchange.object(context);
        JsonNode prompt = body.path("prompt");
        if (prompt.isMissingNode() || prompt.isNull()) {
            throw HttpError.of(400, "no_prompt", "No prompt provided");
        }
        ApiWorkflow workflow = ApiWorkflow.of(prompt);
        String promptId = promptId(body);
        ObjectNode extraData = extraData(body);
        OptionalDouble number = number(body);
        boolean front = Exchange.flag(body, "front");
        List<String> targets = Exchange.texts(body, "partial_execution_targets");
        switch (validator.validate(workflow, Set.copyOf(targets))) {
            case Validation.Rejected rejected -> {
                context.status(400);
                Exchange.reply(context, errors.rejected(rejected));
            }
            case Validation.Accepted accepted -> {
                Optional<String> clientId = Exchange.text(body, "client_id");
                clientId.ifPresent(id -> extraData.put("client_id", id));
                JsonNode canvas = extraData.path("extra_pnginfo").path("workflow");
                Ticket ticket = queue(new Submission(
                        promptId,
                        number,
                        front,
                        accepted.graph(),
                        workflow.json(),
                        Json.write(extraData),
                        clientId,
                        canvas.path("id").isTextual()
                                ? Optional.of(canvas.path("id").textValue())
                                : Optional.empty(),
                        new WorkflowMetadata(
                                Optional.of(workflow.json()),
                                canvas.isObject() ? Optional.of(Json.write(canvas)) : Optional.empty())));
                ObjectNode reply = Json.object().put("prompt_id", ticket.promptId());
                reply.set("number", HistoryJson.item(ticket).get(0));
                reply.set("node_errors", errors.nodeErrors(accepted.nodeErrors()));
                Exchange.reply(context, reply);
            }
        }
    }

    private Ticket queue(Submission submission) {
        try {
            return prompts.submit(submission);
        } catch (QueueException e) {
            throw switch (e.reason()) {
                case DUPLICATE -> HttpError.of(409, "duplicate_prompt_id", String.valueOf(e.getMessage()));
                case FULL -> HttpError.of(429, "queue_full", String.valueOf(e.getMessage()));
                case CLOSED -> HttpError.of(503, "shutting_down", String.valueOf(e.getMessage()));
            };
        }
    }

    private static String promptId(ObjectNode body) {
        JsonNode given = body.path("prompt_id");
        if (given.isMissingNode() || given.isNull()) {
            return UUID.randomUUID().toString();
        }
        if (given.isTextual() && isCanonicalUuid(given.textValue())) {
            return given.textValue();
        }
        throw HttpError.of(400, "invalid_prompt_id", "prompt_id must be a lower-case UUID, got " + Json.write(given));
    }

    private static boolean isCanonicalUuid(String text) {
        try {
            return UUID.fromString(text).toString().equals(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static ObjectNode extraData(ObjectNode body) {
        JsonNode given = body.path("extra_data");
        if (given.isMissingNode() || given.isNull()) {
            return Json.object();
        }
        if (given instanceof ObjectNode object) {
            return object;
        }
        throw HttpError.of(400, "invalid_request", "extra_data must be an object");
    }

    private static OptionalDouble number(ObjectNode body) {
        JsonNode given = body.path("number");
        if (given.isMissingNode() || given.isNull()) {
            return OptionalDouble.empty();
        }
        if (!given.isNumber()) {
            throw HttpError.of(400, "invalid_request", "number must be a number, got " + Json.write(given));
        }
        return OptionalDouble.of(given.doubleValue());
    }
}
