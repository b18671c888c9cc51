package dev.quantreel.engines.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The JSON documents that lie beside and inside checkpoints: bounded in size and depth, no name twice.
final class SmallJson {

    private static final int MAX_DEPTH = 32;
    private static final int LONGEST_TEXT = 10_000_000;

    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(LONGEST_TEXT)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build());

    private SmallJson() {}

    /// An object from a file of at most `longestBytes`.
    ///
    /// @throws CheckpointException when the file is missing, too long, or no JSON object
    static JsonNode read(Path path, long longestBytes) {
        try {
            if (Files.size(path) > longestBytes) {
                throw new CheckpointException(
                        path.toString(), "has " + Files.size(path) + " bytes, over the limit of " + longestBytes);
            }
            return parse(path.toString(), Files.readString(path));
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path.toString(), "there is no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(path.toString(), "cannot be read: " + e.getMessage(), e);
        }
    }

    /// @param what names the document in messages
    /// @throws CheckpointException when it is no JSON object
    static JsonNode parse(String what, String json) {
        try {
            JsonNode node = MAPPER.readTree(json);
            if (node == null || !node.isObject()) {
                throw new CheckpointException(what, "is not a JSON object");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new CheckpointException(
                    what, "is not valid JSON: " + CheckpointException.abbreviated(e.getOriginalMessage()), e);
        }
    }
}
