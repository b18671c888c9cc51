package dev.quantreel.server.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Nodes and links of a canvas document, both versions read into one form.
///
/// @param nodes by id, in document order
/// @param links by link id
record UiGraph(Map<String, UiNode> nodes, Map<Long, UiLink> links) {

    /// @param mode 0 always, 2 muted, 4 bypassed
    /// @param widgetsByName `widgets_values_named`, or `widgets_values` when it is an object; else missing
    /// @param widgetsInOrder `widgets_values` when it is a list; else empty
    record UiNode(
            String id,
            String type,
            Optional<String> title,
            long mode,
            List<UiPort> inputs,
            List<UiPort> outputs,
            JsonNode widgetsByName,
            List<JsonNode> widgetsInOrder) {

        boolean muted() {
            return mode == 2;
        }

        boolean bypassed() {
            return mode == 4;
        }
    }

    /// @param link id of the link into an input
    record UiPort(String name, String type, Optional<Long> link) {}

    record UiLink(String originId, int originSlot) {}

    /// @throws WorkflowException when nodes or links have another form
    static UiGraph of(JsonNode document) {
        Map<String, UiNode> nodes = new LinkedHashMap<>();
        for (JsonNode node : document.path("nodes")) {
            UiNode read = node(node);
            if (nodes.put(read.id(), read) != null) {
                throw new WorkflowException(
                        WorkflowException.INVALID_PROMPT, "two nodes of the workflow have the id " + read.id());
            }
        }
        Map<Long, UiLink> links = new LinkedHashMap<>();
        for (JsonNode link : document.path("links")) {
            if (link.isArray() && link.size() >= 5) {
                links.put(
                        link.get(0).asLong(),
                        new UiLink(link.get(1).asText(), link.get(2).asInt()));
            } else if (link.isObject()) {
                links.put(
                        link.path("id").asLong(),
                        new UiLink(
                                link.path("origin_id").asText(),
                                link.path("origin_slot").asInt()));
            } else if (!link.isNull()) {
                throw new WorkflowException(
                        WorkflowException.INVALID_PROMPT,
                        "a link must be [id, from, slot, to, slot, type] or an object, got "
                                + ApiWorkflow.shorten(link));
            }
        }
        return new UiGraph(nodes, links);
    }

    private static UiNode node(JsonNode node) {
        JsonNode id = node.path("id");
        JsonNode type = node.path("type");
        if (!id.isTextual() && !id.isIntegralNumber() || !type.isTextual()) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "a node of the workflow needs an id and a type, got " + ApiWorkflow.shorten(node));
        }
        JsonNode values = node.path("widgets_values");
        JsonNode named = node.path("widgets_values_named");
        List<JsonNode> inOrder = new ArrayList<>();
        if (values.isArray()) {
            values.forEach(inOrder::add);
        }
        return new UiNode(
                id.asText(),
                type.textValue(),
                text(node.path("title")),
                node.path("mode").asLong(),
                ports(node.path("inputs")),
                ports(node.path("outputs")),
                named.isObject() ? named : values,
                inOrder);
    }

    private static List<UiPort> ports(JsonNode ports) {
        List<UiPort> read = new ArrayList<>();
        for (JsonNode port : ports) {
            JsonNode link = port.path("link");
            read.add(new UiPort(
                    port.path("name").asText(),
                    port.path("type").asText("*"),
                    link.isIntegralNumber() ? Optional.of(link.longValue()) : Optional.empty()));
        }
        return List.copyOf(read);
    }

    private static Optional<String> text(JsonNode node) {
        return node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
    }
}
