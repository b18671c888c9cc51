package dev.quantreel.server.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.server.workflow.UiGraph.UiLink;
import dev.quantreel.server.workflow.UiGraph.UiNode;
import dev.quantreel.server.workflow.UiGraph.UiPort;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Turns a canvas document into API format, as the canvas does before it queues a prompt.
///
/// Widget values are matched by name where the document says names, else in the order of the spec, where a seed is
/// followed by `control_after_generate`. Muted nodes and notes vanish, bypassed nodes pass an input of the same type
/// through, Reroute and PrimitiveNode are replaced by what feeds them.
public final class UiWorkflowConverter {

    private static final Set<String> NOTES = Set.of("Note", "MarkdownNote");
    private static final Set<String> CONTROLS = Set.of("fixed", "increment", "decrement", "randomize");
    private static final String REROUTE = "Reroute";
    private static final String PRIMITIVE = "PrimitiveNode";

    private final NodeSpecs specs;

    public UiWorkflowConverter(NodeSpecs specs) {
        this.specs = specs;
    }

    /// @param document canvas format 0.4 or 1
    /// @return API format
    /// @throws WorkflowException naming the node that cannot be converted
    public ObjectNode toApi(JsonNode document) {
        refuseSubgraphs(document);
        UiGraph graph = UiGraph.of(document);
        ObjectNode api = Json.object();
        for (UiNode node : graph.nodes().values()) {
            if (!isVirtual(node) && !node.muted() && !node.bypassed()) {
                api.set(node.id(), node(graph, node));
            }
        }
        return api;
    }

    private static void refuseSubgraphs(JsonNode document) {
        Set<String> ids = new HashSet<>();
        document.path("definitions")
                .path("subgraphs")
                .forEach(graph -> ids.add(graph.path("id").asText()));
        for (JsonNode node : document.path("nodes")) {
            if (ids.contains(node.path("type").asText())) {
                throw new WorkflowException(
                        WorkflowException.INVALID_PROMPT,
                        "node " + node.path("id").asText() + " is a subgraph, which is not read from canvas files yet; "
                                + "unpack it, or save the workflow in API format",
                        node.path("id").asText(),
                        Optional.empty());
            }
        }
    }

    private ObjectNode node(UiGraph graph, UiNode node) {
        NodeSpec spec = specs.spec(node.type())
                .orElseThrow(() -> new WorkflowException(
                        WorkflowException.MISSING_NODE_TYPE,
                        "node " + node.id() + " is of unknown kind '" + node.type()
                                + "'; `quantreel nodes` lists the kinds there are",
                        node.id(),
                        Optional.of(node.type())));
        ObjectNode inputs = Json.object();
        setWidgets(inputs, node, spec);
        for (UiPort port : node.inputs()) {
            port.link().flatMap(link -> resolve(graph, link)).ifPresent(source -> inputs.set(port.name(), source));
        }
        ObjectNode api = Json.object();
        api.set("inputs", inputs);
        api.put("class_type", node.type());
        api.putObject("_meta").put("title", node.title().orElse(spec.title()));
        return api;
    }

    private static void setWidgets(ObjectNode inputs, UiNode node, NodeSpec spec) {
        int position = 0;
        for (NodeSpec.Input input : spec.inputs()) {
            if (input.type() instanceof PortType.SocketType) {
                continue;
            }
            JsonNode value = node.widgetsByName().path(input.name());
            if (!node.widgetsByName().isObject()
                    && position < node.widgetsInOrder().size()) {
                value = node.widgetsInOrder().get(position++);
                if (hasControl(input.type()) && isControl(node.widgetsInOrder(), position)) {
                    position++;
                }
            }
            if (value.isMissingNode()) {
                input.initial().ifPresent(initial -> inputs.set(input.name(), constant(initial)));
            } else {
                inputs.set(input.name(), wrapped(value));
            }
        }
    }

    private static boolean hasControl(PortType type) {
        return type instanceof PortType.IntType number && number.seed();
    }

    private static boolean isControl(List<JsonNode> values, int position) {
        return position < values.size()
                && CONTROLS.contains(values.get(position).asText());
    }

    private static JsonNode wrapped(JsonNode value) {
        return value.isArray() ? Json.object().set("__value__", value) : value;
    }

    private static JsonNode constant(Object value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (value) {
            case Long number -> nodes.numberNode(number);
            case Double number -> nodes.numberNode(number);
            case Boolean flag -> nodes.booleanNode(flag);
            default -> nodes.textNode(value.toString());
        };
    }

    private static boolean isVirtual(UiNode node) {
        return NOTES.contains(node.type())
                || node.type().equals(REROUTE)
                || node.type().equals(PRIMITIVE);
    }

    /// Follows a link back to a real node or a primitive's value; empty when it ends nowhere.
    private static Optional<JsonNode> resolve(UiGraph graph, long linkId) {
        Set<Long> seen = new HashSet<>();
        Optional<Long> link = Optional.of(linkId);
        while (link.isPresent() && seen.add(link.get())) {
            UiLink found = graph.links().get(link.get());
            UiNode origin = found == null ? null : graph.nodes().get(found.originId());
            if (found == null || origin == null || origin.muted()) {
                return Optional.empty();
            }
            if (origin.type().equals(REROUTE)) {
                link = origin.inputs().stream().findFirst().flatMap(UiPort::link);
            } else if (origin.type().equals(PRIMITIVE)) {
                return origin.widgetsInOrder().stream().findFirst().map(UiWorkflowConverter::wrapped);
            } else if (origin.bypassed()) {
                link = passedThrough(origin, found.originSlot());
            } else {
                return Optional.of(Json.array().add(origin.id()).add(found.originSlot()));
            }
        }
        return Optional.empty();
    }

    private static Optional<Long> passedThrough(UiNode node, int slot) {
        String type = slot >= 0 && slot < node.outputs().size()
                ? node.outputs().get(slot).type()
                : "*";
        List<UiPort> inputs = node.inputs();
        if (slot >= 0 && slot < inputs.size() && inputs.get(slot).type().equals(type)) {
            return inputs.get(slot).link();
        }
        Optional<UiPort> exact =
                inputs.stream().filter(input -> input.type().equals(type)).findFirst();
        return exact.or(() -> inputs.stream()
                        .filter(input -> PortTypes.compatible(type, input.type()))
                        .findFirst())
                .flatMap(UiPort::link);
    }
}
