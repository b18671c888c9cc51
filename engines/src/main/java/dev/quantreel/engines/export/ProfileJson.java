package dev.quantreel.engines.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Profiles as JSON: `{"version": 1, "model": .., "inputs": [{"name": .., "type": "F32", "min": [..], "opt":
/// [..], "max": [..], "values": {"min": [..], "opt": [..], "max": [..]}}]}`; `values` for shape tensors alone.
final class ProfileJson {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ProfileJson() {}

    static String write(OptimizationProfile profile) {
        ObjectNode node = MAPPER.createObjectNode()
                .put("version", OptimizationProfile.VERSION)
                .put("model", profile.model());
        ArrayNode inputs = node.putArray("inputs");
        for (OptimizationProfile.Input input : profile.inputs()) {
            ObjectNode own = inputs.addObject()
                    .put("name", input.name())
                    .put("type", input.dtype().name());
            write(own, input.shape());
            input.values().ifPresent(values -> write(own.putObject("values"), values));
        }
        return node.toPrettyString() + "\n";
    }

    private static void write(ObjectNode node, OptimizationProfile.Extents extents) {
        write(node.putArray("min"), extents.min());
        write(node.putArray("opt"), extents.opt());
        write(node.putArray("max"), extents.max());
    }

    private static void write(ArrayNode array, List<Long> extents) {
        extents.forEach(array::add);
    }

    static OptimizationProfile parse(String what, String json) {
        try {
            JsonNode node = MAPPER.readTree(json);
            if (node.path("version").asInt() != OptimizationProfile.VERSION) {
                throw new IllegalArgumentException(what + ": version is " + node.path("version") + "; "
                        + OptimizationProfile.VERSION + " is accepted");
            }
            List<OptimizationProfile.Input> inputs = new ArrayList<>();
            for (JsonNode input : required(what, node, "inputs")) {
                inputs.add(input(what, input));
            }
            return new OptimizationProfile(required(what, node, "model").asText(), inputs);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(what + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static OptimizationProfile.Input input(String what, JsonNode node) {
        String name = required(what, node, "name").asText();
        String place = what + ": input " + name;
        Optional<OptimizationProfile.Extents> values =
                Optional.ofNullable(node.get("values")).map(own -> extents(place + ", values", own));
        return new OptimizationProfile.Input(
                name, dtype(place, required(place, node, "type").asText()), extents(place, node), values);
    }

    private static DType dtype(String place, String type) {
        return Arrays.stream(DType.values())
                .filter(dtype -> dtype.name().equals(type))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        place + ": type is " + type + "; accepted are " + Arrays.toString(DType.values())));
    }

    private static OptimizationProfile.Extents extents(String place, JsonNode node) {
        return new OptimizationProfile.Extents(
                longs(place, node, "min"), longs(place, node, "opt"), longs(place, node, "max"));
    }

    private static List<Long> longs(String place, JsonNode node, String field) {
        List<Long> extents = new ArrayList<>();
        for (JsonNode extent : required(place, node, field)) {
            if (!extent.isIntegralNumber()) {
                throw new IllegalArgumentException(place + ": " + field + " has " + extent + "; integers are accepted");
            }
            extents.add(extent.asLong());
        }
        return extents;
    }

    private static JsonNode required(String place, JsonNode node, String field) {
        JsonNode value = node.get(field);
        if (value == null) {
            throw new IllegalArgumentException(place + " has no " + field);
        }
        return value;
    }
}
