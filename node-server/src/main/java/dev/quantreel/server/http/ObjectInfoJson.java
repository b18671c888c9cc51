package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.server.graph.NodeCatalog;
import dev.quantreel.server.workflow.Json;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/// ComfyUI's `object_info`: what the canvas knows about a kind of node. Keys keep their order.
public final class ObjectInfoJson {

    private final NodeFolders folders;

    public ObjectInfoJson(NodeFolders folders) {
        this.folders = folders;
    }

    /// All kinds of a catalogue, by id.
    public ObjectNode all(NodeCatalog catalog) {
        ObjectNode json = Json.object();
        catalog.entries().forEach(entry -> json.set(entry.spec().id(), node(entry)));
        return json;
    }

    /// One kind.
    public ObjectNode node(NodeCatalog.Entry entry) {
        NodeSpec spec = entry.spec();
        ObjectNode json = Json.object();
        ObjectNode inputs = json.putObject("input");
        ObjectNode order = json.putObject("input_order");
        inputs(spec, true, inputs.putObject("required"), order.putArray("required"));
        inputs(spec, false, inputs.putObject("optional"), order.putArray("optional"));
        json.put("is_input_list", false);
        ArrayNode types = json.putArray("output");
        ArrayNode lists = json.putArray("output_is_list");
        ArrayNode names = json.putArray("output_name");
        ArrayNode tooltips = json.putArray("output_tooltips");
        for (NodeSpec.Output output : spec.outputs()) {
            types.add(output.type().wireName());
            lists.add(false);
            names.add(output.name());
            tooltips.add(output.help());
        }
        json.put("name", spec.id());
        json.put("display_name", spec.title());
        json.put("description", spec.description());
        json.put("python_module", entry.plugin() ? "custom_nodes." + entry.pack() : "nodes");
        json.put("category", spec.category());
        json.put("output_node", spec.output());
        ArrayNode aliases = json.putArray("search_aliases");
        spec.aliases().forEach(aliases::add);
        return json;
    }

    private void inputs(NodeSpec spec, boolean required, ObjectNode inputs, ArrayNode order) {
        for (NodeSpec.Input input : spec.inputs()) {
            if (input.required() == required) {
                order.add(input.name());
                inputs.set(input.name(), input(input, Optional.empty()));
            }
        }
    }

    /// `[type, options]` of an input.
    ///
    /// @param choices the accepted values of a COMBO, when they are known already
    ArrayNode input(NodeSpec.Input input, Optional<List<String>> choices) {
        ArrayNode json = Json.array();
        ObjectNode options = Json.object();
        input.initial().ifPresent(initial -> options.set("default", constant(initial)));
        switch (input.type()) {
            case PortType.IntType type -> {
                json.add("INT");
                options.put("min", type.min()).put("max", type.max()).put("step", type.step());
                if (type.seed()) {
                    options.put("control_after_generate", true);
                }
            }
            case PortType.FloatType type -> {
                json.add("FLOAT");
                options.put("min", type.min()).put("max", type.max()).put("step", type.step());
            }
            case PortType.StringType type -> {
                json.add("STRING");
                options.put("multiline", type.multiline());
            }
            case PortType.BooleanType ignored -> json.add("BOOLEAN");
            case PortType.ComboType type -> {
                ArrayNode list = json.addArray();
                choices.orElseGet(() -> type.options().apply(folders)).forEach(list::add);
            }
            case PortType.SocketType type -> json.add(type.name());
        }
        if (!input.help().isEmpty()) {
            options.put("tooltip", input.help());
        }
        if (input.advanced()) {
            options.put("advanced", true);
        }
        return json.add(options);
    }

    static JsonNode constant(Object value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (value) {
            case Long number -> nodes.numberNode(number);
            case BigInteger number -> nodes.numberNode(number);
            case Double number -> nodes.numberNode(number);
            case Boolean flag -> nodes.booleanNode(flag);
            default -> nodes.textNode(value.toString());
        };
    }
}
