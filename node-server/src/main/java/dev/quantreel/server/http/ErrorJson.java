package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.server.graph.InputError;
import dev.quantreel.server.graph.NodeErrors;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.InputValue;
import dev.quantreel.server.workflow.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// ComfyUI's shapes of validation errors.
final class ErrorJson {

    private final ObjectInfoJson objectInfo;

    ErrorJson(ObjectInfoJson objectInfo) {
        this.objectInfo = objectInfo;
    }

    static ObjectNode error(String type, String message, String details, ObjectNode extra) {
        ObjectNode error = Json.object();
        error.put("type", type).put("message", message).put("details", details);
        error.set("extra_info", extra);
        return error;
    }

    /// The reply to a prompt that is refused.
    ObjectNode rejected(Validation.Rejected rejected) {
        ObjectNode extra = Json.object();
        rejected.subject().ifPresent(subject -> extra.put("node_id", subject.nodeId())
                .put("class_type", subject.classType())
                .put("node_title", subject.title()));
        ObjectNode body = Json.object();
        body.set("error", error(rejected.type(), rejected.message(), rejected.details(), extra));
        body.set("node_errors", nodeErrors(rejected.nodeErrors()));
        return body;
    }

    ObjectNode nodeErrors(Map<String, NodeErrors> errors) {
        ObjectNode json = Json.object();
        errors.forEach((id, found) -> {
            ObjectNode node = json.putObject(id);
            ArrayNode list = node.putArray("errors");
            found.errors()
                    .forEach(error -> list.add(error(
                            error.type().name().toLowerCase(Locale.ROOT),
                            error.message(),
                            error.details(),
                            extra(error.extra()))));
            ArrayNode outputs = node.putArray("dependent_outputs");
            found.dependentOutputs().forEach(outputs::add);
            node.put("class_type", found.classType());
        });
        return json;
    }

    private ObjectNode extra(InputError.Extra extra) {
        ObjectNode json = Json.object();
        switch (extra) {
            case InputError.Missing(String inputName) -> json.put("input_name", inputName);
            case InputError.Received received -> received(json, received);
            case InputError.Mismatch(NodeSpec.Input input, String receivedType, InputValue.Link link) -> {
                json.put("input_name", input.name());
                json.set("input_config", objectInfo.input(input, Optional.empty()));
                json.put("received_type", receivedType);
                json.set("linked_node", link(link));
            }
            case InputError.Cycle(String nodeId, List<String> nodes) -> {
                json.put("node_id", nodeId);
                ArrayNode list = json.putArray("cycle_nodes");
                nodes.forEach(list::add);
            }
        }
        return json;
    }

    private void received(ObjectNode json, InputError.Received received) {
        json.put("input_name", received.input().name());
        boolean combo = received.input().type().wireName().equals("COMBO");
        json.set(
                "input_config",
                combo && received.options().isEmpty()
                        ? NullNode.getInstance()
                        : objectInfo.input(received.input(), received.options()));
        switch (received.value()) {
            case InputValue.Constant(Object value) -> json.set("received_value", ObjectInfoJson.constant(value));
            case InputValue.Link link -> json.set("received_value", link(link));
            case InputValue.Structure(String shown) -> json.put("received_value", shown);
            case InputValue.Malformed(String shown) -> json.put("received_value", shown);
        }
        received.exception().ifPresent(message -> json.put("exception_message", message));
    }

    private static ArrayNode link(InputValue.Link link) {
        return Json.array().add(link.nodeId()).add(link.slot());
    }
}
