package dev.quantreel.server.workflow;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/// Reads and writes JSON within limits: at most 256 levels deep, no key twice, one value per text.
///
/// Python writes bare `NaN` into workflows; it is read as `null`, and nothing written here is NaN.
public final class Json {

    private static final int MAX_DEPTH = 256;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxStringLength(64_000_000)
                            .build())
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /// Parses one JSON value.
    ///
    /// @throws WorkflowException of type [WorkflowException#INVALID_JSON] with line and column
    public static JsonNode read(String text) {
        try {
            return finite(MAPPER.readTree(text));
        } catch (JsonProcessingException e) {
            throw invalid(e);
        }
    }

    /// Parses one JSON value in UTF-8; an empty text is the missing node.
    ///
    /// @throws WorkflowException of type [WorkflowException#INVALID_JSON] with line and column
    public static JsonNode read(byte[] utf8) {
        try {
            return finite(MAPPER.readTree(utf8));
        } catch (JsonProcessingException e) {
            throw invalid(e);
        } catch (IOException e) {
            throw new WorkflowException(WorkflowException.INVALID_JSON, "the text is not JSON in UTF-8", e);
        }
    }

    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    public static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    /// Compact text of a value, keys in insertion order.
    public static String write(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("JSON tree cannot be written", e);
        }
    }

    /// Indented text of a value.
    public static String writePretty(JsonNode node) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("JSON tree cannot be written", e);
        }
    }

    private static WorkflowException invalid(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        String where =
                location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
        return new WorkflowException(
                WorkflowException.INVALID_JSON, "invalid JSON" + where + ": " + e.getOriginalMessage(), e);
    }

    private static JsonNode finite(JsonNode root) {
        if (isNotFinite(root)) {
            return JsonNodeFactory.instance.nullNode();
        }
        Deque<JsonNode> pending = new ArrayDeque<>();
        pending.push(root);
        while (!pending.isEmpty()) {
            JsonNode node = pending.pop();
            if (node instanceof ObjectNode object) {
                for (Map.Entry<String, JsonNode> entry : object.properties()) {
                    if (isNotFinite(entry.getValue())) {
                        entry.setValue(JsonNodeFactory.instance.nullNode());
                    } else {
                        pending.push(entry.getValue());
                    }
                }
            } else if (node instanceof ArrayNode array) {
                for (int i = 0; i < array.size(); i++) {
                    if (isNotFinite(array.get(i))) {
                        array.setNull(i);
                    } else {
                        pending.push(array.get(i));
                    }
                }
            }
        }
        return root;
    }

    private static boolean isNotFinite(JsonNode node) {
        return (node.isDouble() || node.isFloat()) && !Double.isFinite(node.doubleValue());
    }
}
