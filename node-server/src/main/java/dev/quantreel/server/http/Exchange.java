package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Reading requests and writing replies, the same way everywhere.
final class Exchange {

    static final String MAX_BODY_BYTES = "quantreel.maxBodyBytes";

    private Exchange() {}

    static void reply(Context context, JsonNode body) {
        context.contentType("application/json").result(Json.write(body));
    }

    /// The body, refused with 413 once it is larger than the server's limit.
    static byte[] body(Context context) {
        Long limit = context.attribute(MAX_BODY_BYTES);
        long max = limit == null ? Integer.MAX_VALUE - 16 : limit;
        try {
            byte[] bytes = context.req().getInputStream().readNBytes((int) Math.min(max + 1, Integer.MAX_VALUE - 16));
            if (bytes.length > max) {
                throw HttpError.of(413, "too_large", "the body is larger than " + max + " bytes");
            }
            return bytes;
        } catch (IOException e) {
            throw HttpError.badRequest("the body could not be read: " + e.getMessage());
        }
    }

    /// The body as JSON, whatever its content type; missing when empty.
    static JsonNode json(Context context) {
        return Json.read(body(context));
    }

    /// The body as a JSON object; empty when there is no body.
    static ObjectNode object(Context context) {
        JsonNode body = json(context);
        if (body.isMissingNode()) {
            return Json.object();
        }
        if (body instanceof ObjectNode object) {
            return object;
        }
        throw HttpError.of(400, "invalid_request", "the body must be a JSON object");
    }

    /// A flag of a request; absent and null are false.
    static boolean flag(ObjectNode body, String name) {
        JsonNode value = body.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return false;
        }
        if (!value.isBoolean()) {
            throw HttpError.badRequest(name + " must be true or false, got " + Json.write(value));
        }
        return value.booleanValue();
    }

    /// An optional text of a request.
    static Optional<String> text(ObjectNode body, String name) {
        JsonNode value = body.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw HttpError.badRequest(name + " must be a text, got " + Json.write(value));
        }
        return Optional.of(value.textValue());
    }

    /// A list of texts of a request; empty when absent.
    static List<String> texts(ObjectNode body, String name) {
        JsonNode value = body.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        if (value instanceof ArrayNode list) {
            for (JsonNode item : list) {
                if (!item.isTextual()) {
                    throw HttpError.badRequest(name + " must be a list of texts, it holds " + Json.write(item));
                }
                texts.add(item.textValue());
            }
            return texts;
        }
        throw HttpError.badRequest(name + " must be a list of texts, got " + Json.write(value));
    }

    /// A whole number in the query.
    static OptionalInt integer(Context context, String name, int min) {
        String text = context.queryParam(name);
        if (text == null || text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int value = Integer.parseInt(text);
            if (value >= min) {
                return OptionalInt.of(value);
            }
        } catch (NumberFormatException e) {
            throw HttpError.badRequest(name + " must be a whole number, got '" + text + "'");
        }
        throw HttpError.badRequest(name + " must be at least " + min + ", got " + text);
    }

    /// A flag in the query: `true` or `1`.
    static boolean queryFlag(Context context, String name) {
        String text = context.queryParam(name);
        return text != null && (text.equalsIgnoreCase("true") || text.equals("1"));
    }
}
