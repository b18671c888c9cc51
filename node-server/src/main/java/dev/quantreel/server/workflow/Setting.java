package dev.quantreel.server.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `node.input=value`, a value given on the command line for one input of one node.
///
/// @param node id or title of the node
/// @param input name of the input
/// @param value the value as typed
public record Setting(String node, String input, String value) {

    /// Splits the text at the first `=`, and what stands before it at the last `.`, since titles may hold dots.
    ///
    /// @throws WorkflowException when it has another form
    public static Setting of(String text) {
        int equals = text.indexOf('=');
        int dot = text.lastIndexOf('.', Math.max(equals, 0));
        if (equals < 0 || dot <= 0 || dot + 1 >= equals) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "--set " + text
                            + ": expected node.input=value, for example --set 3.seed=42 or --set \"Load DiT.model=x\"");
        }
        return new Setting(
                text.substring(0, dot).strip(), text.substring(dot + 1, equals).strip(), text.substring(equals + 1));
    }

    /// Replaces the value (or link) of the input.
    ///
    /// @param api workflow in API format; changed
    /// @throws WorkflowException when there is no such node or input
    void apply(ObjectNode api, NodeSpecs specs) {
        JsonNode target = api.get(find(api));
        String classType = target.path("class_type").asText();
        Optional<NodeSpec> spec = specs.spec(classType);
        ObjectNode inputs =
                target.path("inputs") instanceof ObjectNode object ? object : ((ObjectNode) target).putObject("inputs");
        if (spec.isPresent() && spec.get().input(input).isEmpty()) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "--set " + node + "." + input + ": " + classType + " has no input '" + input + "'; it has "
                            + spec.get().inputs().stream()
                                    .map(NodeSpec.Input::name)
                                    .toList());
        }
        inputs.set(input, typed(spec.flatMap(known -> known.input(input)).map(NodeSpec.Input::type)));
    }

    private String find(ObjectNode api) {
        if (api.path(node).isObject()) {
            return node;
        }
        List<String> matches = new ArrayList<>();
        List<String> known = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : api.properties()) {
            String title = entry.getValue().path("_meta").path("title").asText("");
            known.add(entry.getKey() + " (" + title + ")");
            if (title.equals(node)) {
                matches.add(entry.getKey());
            }
        }
        if (matches.size() != 1) {
            String problem =
                    matches.isEmpty() ? "no node has this id or title" : "the nodes " + matches + " have this title";
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "--set " + node + "." + input + ": " + problem + "; the workflow has " + String.join(", ", known));
        }
        return matches.getFirst();
    }

    private JsonNode typed(Optional<PortType> type) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (type.isPresent()
                && (type.get() instanceof PortType.StringType || type.get() instanceof PortType.ComboType)) {
            return nodes.textNode(value);
        }
        if (value.equals("true") || value.equals("false")) {
            return nodes.booleanNode(Boolean.parseBoolean(value));
        }
        try {
            JsonNode parsed = Json.read(value);
            return parsed.isNumber() ? parsed : nodes.textNode(value);
        } catch (WorkflowException e) {
            return nodes.textNode(value);
        }
    }
}
