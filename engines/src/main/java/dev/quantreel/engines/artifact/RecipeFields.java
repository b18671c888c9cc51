package dev.quantreel.engines.artifact;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.tensor.CheckpointException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Supplier;

/// The fields of one JSON object of a recipe; remembers which were asked for, so that those nobody knows are refused.
final class RecipeFields {

    private final String path;
    private final JsonNode node;
    private final SequencedSet<String> known = new LinkedHashSet<>();

    /// @param path of the object, for messages
    /// @throws IllegalArgumentException when it is no object
    RecipeFields(String path, JsonNode node) {
        if (!node.isObject()) {
            throw new IllegalArgumentException(path + " is " + shown(node) + "; a JSON object {...} is expected");
        }
        this.path = path;
        this.node = node;
    }

    private static String shown(JsonNode node) {
        return node.isMissingNode() ? "missing" : CheckpointException.abbreviated(node.toString());
    }

    private JsonNode take(String name) {
        known.add(name);
        return node.path(name);
    }

    boolean has(String name) {
        known.add(name);
        return node.has(name);
    }

    RecipeFields object(String name) {
        return new RecipeFields(path + ": " + name, take(name));
    }

    int integer(String name, int fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw refused(name, value, "a whole number");
        }
        return value.intValue();
    }

    long longInteger(String name, long fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw refused(name, value, "a whole number");
        }
        return value.longValue();
    }

    double number(String name, double fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isNumber()) {
            throw refused(name, value, "a number");
        }
        return value.doubleValue();
    }

    boolean flag(String name, boolean fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isBoolean()) {
            throw refused(name, value, "true or false");
        }
        return value.booleanValue();
    }

    String text(String name, String fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        if (!value.isTextual()) {
            throw refused(name, value, "a text in quotes");
        }
        return value.textValue();
    }

    List<String> texts(String name, List<String> fallback) {
        JsonNode value = take(name);
        if (value.isMissingNode()) {
            return fallback;
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode text : value) {
            if (!text.isTextual()) {
                throw refused(name, value, "a list of texts");
            }
            texts.add(text.textValue());
        }
        if (!value.isArray()) {
            throw refused(name, value, "a list of texts");
        }
        return texts;
    }

    /// A list of objects; none when it is missing.
    List<RecipeFields> objects(String name) {
        JsonNode value = take(name);
        if (!value.isMissingNode() && !value.isArray()) {
            throw refused(name, value, "a list of JSON objects [{...}]");
        }
        List<RecipeFields> objects = new ArrayList<>();
        for (JsonNode element : value) {
            objects.add(new RecipeFields(path + ": " + name + " " + objects.size(), element));
        }
        return objects;
    }

    /// One of some words.
    <T> T word(String name, String fallback, Map<String, T> words) {
        String word = text(name, fallback);
        T value = words.get(word);
        if (value == null) {
            throw new IllegalArgumentException(path + ": " + name + " is '" + CheckpointException.abbreviated(word)
                    + "'; accepted are " + String.join(", ", words.keySet()));
        }
        return value;
    }

    /// Runs one of several readers, chosen by the field [RecipeReader#KIND].
    <T> T choose(Map<String, Supplier<T>> kinds) {
        if (!node.has(RecipeReader.KIND)) {
            throw new IllegalArgumentException(
                    path + ": " + RecipeReader.KIND + " is missing; accepted are " + String.join(", ", kinds.keySet()));
        }
        return checked(word(RecipeReader.KIND, "", kinds));
    }

    /// Runs a reader, says where it failed, and refuses fields that it did not ask for.
    <T> T checked(Supplier<T> reader) {
        T value;
        try {
            value = reader.get();
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(path) ? e : new IllegalArgumentException(path + ": " + message, e);
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!known.contains(field.getKey())) {
                throw new IllegalArgumentException(path + ": there is no field '"
                        + CheckpointException.abbreviated(field.getKey()) + "'; accepted are "
                        + String.join(", ", known));
            }
        }
        return value;
    }

    private IllegalArgumentException refused(String name, JsonNode value, String accepted) {
        return new IllegalArgumentException(path + ": " + name + " is " + shown(value) + "; accepted is " + accepted);
    }
}
