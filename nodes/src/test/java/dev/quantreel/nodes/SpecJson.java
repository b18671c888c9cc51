package dev.quantreel.nodes;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;

/// A node's spec as JSON for golden files; combos whose options depend on the machine are marked, not listed.
final class SpecJson {

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private SpecJson() {}

    static String of(NodeSpec spec) throws Exception {
        ObjectNode root = JSON.createObjectNode();
        root.put("id", spec.id()).put("title", spec.title()).put("category", spec.category());
        root.put("version", spec.version()).put("output", spec.output()).put("cacheable", spec.cacheable());
        root.put("description", spec.description());
        root.set("aliases", JSON.valueToTree(spec.aliases()));
        ArrayNode inputs = root.putArray("inputs");
        spec.inputs().forEach(input -> inputs.add(input(input)));
        ArrayNode outputs = root.putArray("outputs");
        spec.outputs().forEach(output -> outputs.addObject()
                .put("name", output.name())
                .put("type", output.type().wireName())
                .put("help", output.help()));
        return JSON.writeValueAsString(root).replace("\r\n", "\n") + "\n";
    }

    private static ObjectNode input(NodeSpec.Input input) {
        ObjectNode json = JSON.createObjectNode();
        json.put("name", input.name()).put("type", input.type().wireName()).put("required", input.required());
        input.initial().ifPresent(value -> json.set("default", JSON.valueToTree(value)));
        switch (input.type()) {
            case PortType.IntType type ->
                json.put("min", type.min())
                        .put("max", type.max())
                        .put("step", type.step())
                        .put("seed", type.seed());
            case PortType.FloatType type ->
                json.put("min", type.min()).put("max", type.max()).put("step", type.step());
            case PortType.StringType type -> json.put("multiline", type.multiline());
            case PortType.ComboType type -> options(json, type);
            case PortType.BooleanType _, PortType.SocketType _ -> {}
        }
        json.put("advanced", input.advanced()).put("help", input.help());
        return json;
    }

    /// Options of an enum need no folders; those of files and engines are asked for and marked.
    private static void options(ObjectNode json, PortType.ComboType type) {
        try {
            @SuppressWarnings("NullAway") // an enum's options do not look at the folders
            Object options = type.options().apply(null);
            json.set("options", JSON.valueToTree(options));
        } catch (NullPointerException e) {
            json.put("options", "known at run time");
        }
    }
}
