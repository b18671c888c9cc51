package dev.quantreel.server.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A workflow in API format, ComfyUI's `prompt`: node id to kind and inputs. Immutable, not validated.
///
/// @param nodes nodes by id, in document order
/// @param json the document as text, with every key it came with
public record ApiWorkflow(Map<String, ApiNode> nodes, String json) {

    private static final int SHOWN_CHARS = 120;

    public ApiWorkflow {
        nodes = Collections.unmodifiableMap(new LinkedHashMap<>(nodes));
    }

    /// Understands a document.
    ///
    /// @throws WorkflowException when it is not an object of nodes, or a node has no class_type
    public static ApiWorkflow of(JsonNode document) {
        if (!(document instanceof ObjectNode object)) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "the prompt must be an object of nodes by id, got " + kind(document) + " " + shorten(document));
        }
        Map<String, ApiNode> nodes = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            nodes.put(entry.getKey(), node(entry.getKey(), entry.getValue()));
        }
        return new ApiWorkflow(nodes, Json.write(object));
    }

    private static ApiNode node(String id, JsonNode node) {
        if (!node.isObject()) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "node '" + id + "' must be an object with class_type and inputs, got " + kind(node) + " "
                            + shorten(node),
                    id,
                    Optional.empty());
        }
        JsonNode classType = node.path("class_type");
        if (!classType.isTextual()) {
            throw new WorkflowException(
                    WorkflowException.MISSING_NODE_TYPE,
                    "node '" + id + "' has no class_type; it must be the id of a kind of node, a text",
                    id,
                    Optional.empty());
        }
        JsonNode inputs = node.path("inputs");
        if (!inputs.isObject() && !inputs.isMissingNode()) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "inputs of node '" + id + "' must be an object, got " + kind(inputs) + " " + shorten(inputs),
                    id,
                    Optional.of(classType.textValue()));
        }
        Map<String, InputValue> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> input : inputs.properties()) {
            values.put(input.getKey(), value(input.getValue()));
        }
        JsonNode title = node.path("_meta").path("title");
        return new ApiNode(
                id,
                classType.textValue(),
                title.isTextual() ? Optional.of(title.textValue()) : Optional.empty(),
                values);
    }

    private static InputValue value(JsonNode node) {
        if (node.isTextual()) {
            return new InputValue.Constant(node.textValue());
        } else if (node.isBoolean()) {
            return new InputValue.Constant(node.booleanValue());
        } else if (node.isIntegralNumber()) {
            return node.canConvertToLong()
                    ? new InputValue.Constant(node.longValue())
                    : new InputValue.Constant(node.bigIntegerValue());
        } else if (node.isNumber()) {
            return new InputValue.Constant(node.doubleValue());
        } else if (node.isArray()) {
            return link(node);
        }
        return new InputValue.Structure(shorten(node));
    }

    private static InputValue link(JsonNode node) {
        JsonNode id = node.path(0);
        JsonNode slot = node.path(1);
        boolean named = id.isTextual() || id.isIntegralNumber();
        if (node.size() != 2 || !named || !slot.isIntegralNumber() || !slot.canConvertToLong()) {
            return new InputValue.Malformed(shorten(node));
        }
        return new InputValue.Link(id.asText(), slot.longValue());
    }

    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case NULL -> "null";
            case MISSING, BINARY, POJO -> "nothing";
        };
    }

    static String shorten(JsonNode node) {
        String text = node.isMissingNode() ? "" : Json.write(node);
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
    }
}
