package dev.quantreel.engines.dit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// The `config` entry of a checkpoint's metadata: a JSON object with diffusers' field names, which knows what shapes
/// cannot say (heads, text length). Empty where the file has none.
public final class ConfigMetadata {

    private final JsonNode json;

    private ConfigMetadata(JsonNode json) {
        this.json = json;
    }

    /// @throws UnsupportedCheckpointException when the entry is not JSON
    public static ConfigMetadata of(Checkpoint checkpoint) {
        String text = checkpoint.metadata().getOrDefault("config", "{}");
        try {
            JsonNode root = new ObjectMapper().readTree(text);
            // All-in-one files keep one config per part.
            return new ConfigMetadata(root.path("transformer").isObject() ? root.path("transformer") : root);
        } catch (JsonProcessingException e) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), "metadata config is not JSON: " + e.getOriginalMessage());
        }
    }

    /// The first of these fields that is a positive number.
    public OptionalInt positive(String... fields) {
        return Stream.of(fields)
                .mapToInt(field -> json.path(field).asInt(0))
                .filter(value -> value > 0)
                .findFirst();
    }

    /// The first of these fields that is a list of integers; empty where none is.
    public List<Integer> integers(String... fields) {
        return Stream.of(fields)
                .map(json::path)
                .filter(node -> node.isArray() && node.size() > 0)
                .map(node -> node.valueStream().map(JsonNode::asInt).toList())
                .findFirst()
                .orElse(List.of());
    }

    /// A number.
    public OptionalDouble number(String field) {
        JsonNode node = json.path(field);
        return node.isNumber() ? OptionalDouble.of(node.asDouble()) : OptionalDouble.empty();
    }

    /// Whether a field is true.
    public boolean flag(String field) {
        return json.path(field).asBoolean(false);
    }

    /// A text, empty where there is none.
    public String text(String field) {
        return json.path(field).asText("");
    }
}
