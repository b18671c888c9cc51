package dev.quantreel.engines.artifact;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizationPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A quantization as a document: what `quantreel quantize` is given, and what an artifact says about itself.
///
/// Every field but the version may be left out and then has the value of [QuantizationPlan#DVD_QUANT]; of what is
/// chosen by `kind` fields that are left out have the values of its constructor. Unknown fields, kinds and values are
/// refused, so that a typing error never quantizes something else.
///
/// @param name for people; may be empty
/// @param plan what is done
/// @param activationBits bits of activations where no schedule says otherwise, 2 to 8
public record Recipe(String name, QuantizationPlan plan, int activationBits) {

    /// Version of the document.
    public static final int VERSION = 1;

    private static final long LONGEST_BYTES = 1 << 20;

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();

    public Recipe {
        if (activationBits < 2 || activationBits > 8) {
            throw new IllegalArgumentException("activation bits is " + activationBits + "; 2 to 8 are accepted");
        }
    }

    /// Reads a file.
    ///
    /// @throws IllegalArgumentException when there is none, or as [#parse]
    public static Recipe read(Path file) {
        try {
            if (Files.size(file) > LONGEST_BYTES) {
                throw new IllegalArgumentException(
                        file + ": has " + Files.size(file) + " bytes; no recipe is longer than " + LONGEST_BYTES);
            }
            return parse(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": there is no such recipe", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// Reads a document.
    ///
    /// @param what names it in messages
    /// @throws IllegalArgumentException when it is no JSON, of another version, or has an unknown field, kind or
    /// value;
    /// names the field, its value and what is accepted
    public static Recipe parse(String what, String json) {
        try {
            return RecipeReader.read(what, MAPPER.readTree(json));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    what + ": is no recipe, the JSON is broken: " + e.getOriginalMessage(), e);
        }
    }

    /// The whole recipe with every value, in one line; equal for equal recipes.
    public String toJson() {
        return write(MAPPER.writer());
    }

    /// As [#toJson], for people.
    public String toPrettyJson() {
        return write(MAPPER.writerWithDefaultPrettyPrinter());
    }

    private String write(ObjectWriter writer) {
        try {
            return writer.writeValueAsString(RecipeWriter.write(this));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON can be written", e);
        }
    }

    /// `W4A8` and how.
    public String describe() {
        String activations = plan.activations() instanceof ActivationQuantizer.FullPrecision
                ? "16"
                : Integer.toString(activationBits);
        String words = "W" + plan.weightBits() + "A" + activations;
        return name.isEmpty() ? words : name + ", " + words;
    }

    static JsonNode tree(String what, String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(what + ": the JSON is broken: " + e.getOriginalMessage(), e);
        }
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }
}
