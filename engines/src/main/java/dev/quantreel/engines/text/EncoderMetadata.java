package dev.quantreel.engines.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;

/// What shapes cannot say about an encoder: the `config` entry of the metadata, a JSON object with the field names of
/// Hugging Face's config.json. Where a field is missing, the published models' value holds.
record EncoderMetadata(JsonNode fields) {

    static EncoderMetadata of(Checkpoint checkpoint) {
        try {
            JsonNode root = new ObjectMapper().readTree(checkpoint.metadata().getOrDefault("config", "{}"));
            return new EncoderMetadata(root.path("text_config").isObject() ? root.path("text_config") : root);
        } catch (JsonProcessingException e) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), "metadata config is not JSON: " + e.getOriginalMessage());
        }
    }

    int integer(String field, int otherwise) {
        return fields.path(field).asInt(otherwise);
    }

    double real(String field, double otherwise) {
        return fields.path(field).asDouble(otherwise);
    }
}
