package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;

/// A request is refused, with the reason.
final class HttpError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient JsonNode body;

    private HttpError(int status, String message, JsonNode body) {
        super(message);
        this.status = status;
        this.body = body;
    }

    /// `{error: {type, message, details, extra_info}, node_errors: {}}`, ComfyUI's shape.
    static HttpError of(int status, String type, String message) {
        ObjectNode body = Json.object();
        body.set("error", ErrorJson.error(type, message, message, Json.object()));
        body.set("node_errors", Json.object());
        return new HttpError(status, message, body);
    }

    /// `{error: message}`, the shape of the job routes.
    static HttpError plain(int status, String message) {
        return new HttpError(status, message, Json.object().put("error", message));
    }

    static HttpError badRequest(String message) {
        return of(400, "bad_request", message);
    }

    static HttpError notFound(String message) {
        return of(404, "not_found", message);
    }

    int status() {
        return status;
    }

    JsonNode body() {
        return body;
    }
}
