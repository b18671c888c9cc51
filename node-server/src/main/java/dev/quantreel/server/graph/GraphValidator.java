package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.server.graph.InputError.Type;
import dev.quantreel.server.workflow.ApiNode;
import dev.quantreel.server.workflow.ApiWorkflow;
import dev.quantreel.server.workflow.InputValue;
import dev.quantreel.server.workflow.PortTypes;
import dev.quantreel.server.workflow.WorkflowException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Checks a workflow as ComfyUI does: only what an output needs is looked at, every error is told, and outputs
/// without an error are computed although others have one.
public final class GraphValidator {

    private final NodeCatalog catalog;
    private final NodeFolders folders;

    public GraphValidator(NodeCatalog catalog, NodeFolders folders) {
        this.catalog = catalog;
        this.folders = folders;
    }

    /// @param targets output nodes to compute; empty means all
    public Validation validate(ApiWorkflow workflow, Set<String> targets) {
        Optional<Validation> unknown = unknownKinds(workflow);
        if (unknown.isPresent()) {
            return unknown.get();
        }
        List<String> outputs = workflow.nodes().values().stream()
                .filter(node -> targets.isEmpty() || targets.contains(node.id()))
                .filter(node -> spec(node).output())
                .map(ApiNode::id)
                .toList();
        if (outputs.isEmpty()) {
            String details = targets.isEmpty() ? "" : "none of " + targets + " is an output node of the workflow";
            return new Validation.Rejected(
                    "prompt_no_outputs", "Prompt has no outputs", details, Optional.empty(), Map.of());
        }
        return new Pass(workflow).run(outputs);
    }

    private Optional<Validation> unknownKinds(ApiWorkflow workflow) {
        List<ApiNode> unknown = workflow.nodes().values().stream()
                .filter(node -> catalog.find(node.classType()).isEmpty())
                .toList();
        if (unknown.isEmpty()) {
            return Optional.empty();
        }
        ApiNode first = unknown.getFirst();
        String title = first.title().orElse(first.classType());
        List<String> all = unknown.stream()
                .map(node -> "node " + node.id() + " (" + node.classType() + ")")
                .toList();
        return Optional.of(new Validation.Rejected(
                WorkflowException.MISSING_NODE_TYPE,
                "Node '" + title + "' not found. There is no kind of node '" + first.classType() + "'.",
                "unknown: " + String.join(", ", all),
                Optional.of(new Validation.Subject(first.id(), first.classType(), title)),
                Map.of()));
    }

    private NodeSpec spec(ApiNode node) {
        return entry(node).spec();
    }

    private NodeCatalog.Entry entry(ApiNode node) {
        return catalog.find(node.classType()).orElseThrow();
    }

    /// The state of validating one workflow.
    private final class Pass {
        private final ApiWorkflow workflow;
        private final InputValidator inputs = new InputValidator(folders);
        private final Map<String, Map<String, Object>> constants = new HashMap<>();
        private final Map<String, List<InputError>> errors = new LinkedHashMap<>();
        private final Map<String, List<String>> parents = new HashMap<>();
        private final List<String> order = new ArrayList<>();
        private final Set<String> finished = new HashSet<>();
        private final Set<String> open = new HashSet<>();

        Pass(ApiWorkflow workflow) {
            this.workflow = workflow;
        }

        Validation run(List<String> outputs) {
            outputs.forEach(this::visit);
            Map<String, List<String>> dependents = new HashMap<>();
            List<String> valid = new ArrayList<>();
            for (String output : outputs) {
                List<String> faulty = errors.isEmpty() ? List.of() : faultyAncestors(output);
                faulty.forEach(id ->
                        dependents.computeIfAbsent(id, key -> new ArrayList<>()).add(output));
                if (faulty.isEmpty()) {
                    valid.add(output);
                }
            }
            Map<String, NodeErrors> nodeErrors = new LinkedHashMap<>();
            errors.forEach((id, list) -> nodeErrors.put(
                    id, new NodeErrors(node(id).classType(), list, dependents.getOrDefault(id, List.of()))));
            return valid.isEmpty() ? rejected(nodeErrors) : new Validation.Accepted(graph(valid), nodeErrors);
        }

        private ApiNode node(String id) {
            ApiNode node = workflow.nodes().get(id);
            if (node == null) {
                throw new IllegalStateException("validation lost node " + id);
            }
            return node;
        }

        /// Checks a node and its ancestors, depth first with a stack of our own, and appends them to the order.
        private void visit(String output) {
            Deque<String> stack = new ArrayDeque<>();
            stack.push(output);
            while (!stack.isEmpty()) {
                String id = stack.peek();
                if (finished.contains(id)) {
                    stack.pop();
                } else if (open.add(id)) {
                    pushParents(id, stack);
                } else {
                    stack.pop();
                    open.remove(id);
                    finished.add(id);
                    order.add(id);
                }
            }
        }

        private void pushParents(String id, Deque<String> stack) {
            List<String> linked = check(node(id));
            parents.put(id, linked);
            for (int i = linked.size() - 1; i >= 0; i--) {
                String parent = linked.get(i);
                if (open.contains(parent)) {
                    cycle(id, parent, stack);
                } else if (!finished.contains(parent)) {
                    stack.push(parent);
                }
            }
        }

        private void cycle(String from, String to, Deque<String> stack) {
            List<String> path = new ArrayList<>(List.of(to));
            for (String id : stack) {
                if (open.contains(id) && (path.size() > 1 || id.equals(from))) {
                    path.add(id);
                    if (id.equals(to)) {
                        break;
                    }
                }
            }
            if (from.equals(to)) {
                path = List.of(to, to);
            }
            errors.computeIfAbsent(from, key -> new ArrayList<>())
                    .add(new InputError(
                            Type.DEPENDENCY_CYCLE,
                            "Dependency cycle detected",
                            String.join(" -> ", path),
                            new InputError.Cycle(from, path)));
        }

        /// Checks the inputs of one node; the ids it is linked to.
        private List<String> check(ApiNode node) {
            Map<String, Object> values = new HashMap<>();
            List<String> linked = new ArrayList<>();
            List<InputError> found = new ArrayList<>();
            for (NodeSpec.Input input : spec(node).inputs()) {
                InputValue given = node.inputs().get(input.name());
                if (given == null) {
                    absent(input, values, found);
                } else if (given instanceof InputValue.Link link) {
                    Optional<InputError> problem = checkLink(input, link);
                    problem.ifPresentOrElse(found::add, () -> linked.add(link.nodeId()));
                } else {
                    switch (inputs.fit(input, given)) {
                        case InputValidator.Fit.Fits(Object value) -> values.put(input.name(), value);
                        case InputValidator.Fit.Unfit(InputError error) -> found.add(error);
                    }
                }
            }
            constants.put(node.id(), values);
            if (!found.isEmpty()) {
                errors.computeIfAbsent(node.id(), key -> new ArrayList<>()).addAll(found);
            }
            return linked;
        }

        private static void absent(NodeSpec.Input input, Map<String, Object> values, Collection<InputError> found) {
            if (input.required()) {
                found.add(new InputError(
                        Type.REQUIRED_INPUT_MISSING,
                        "Required input is missing",
                        input.name(),
                        new InputError.Missing(input.name())));
            } else {
                input.initial().ifPresent(initial -> values.put(input.name(), initial));
            }
        }

        private Optional<InputError> checkLink(NodeSpec.Input input, InputValue.Link link) {
            ApiNode origin = workflow.nodes().get(link.nodeId());
            if (origin == null) {
                return Optional.of(badLink(input, link, "there is no node '" + link.nodeId() + "'"));
            }
            NodeSpec giver = spec(origin);
            int count = giver.outputs().size();
            if (link.slot() < 0 || link.slot() >= count) {
                String accepted = count == 0 ? "has no outputs" : "has outputs 0 to " + (count - 1);
                return Optional.of(badLink(
                        input,
                        link,
                        "slot " + link.slot() + " does not exist, node '" + origin.id() + "' (" + giver.id() + ") "
                                + accepted));
            }
            String type = giver.outputs().get((int) link.slot()).type().wireName();
            if (PortTypes.compatible(type, input.type().wireName())) {
                return Optional.empty();
            }
            return Optional.of(new InputError(
                    Type.RETURN_TYPE_MISMATCH,
                    "Return type mismatch between linked nodes",
                    input.name() + ", received_type(" + type + ") mismatch input_type("
                            + input.type().wireName() + ")",
                    new InputError.Mismatch(input, type, link)));
        }

        private static InputError badLink(NodeSpec.Input input, InputValue.Link link, String why) {
            return new InputError(
                    Type.BAD_LINKED_INPUT,
                    "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                    input.name() + ", received " + link.shown() + ": " + why,
                    InputValidator.received(input, link));
        }

        private List<String> faultyAncestors(String output) {
            List<String> faulty = new ArrayList<>();
            Set<String> seen = new HashSet<>(Set.of(output));
            Deque<String> pending = new ArrayDeque<>(List.of(output));
            while (!pending.isEmpty()) {
                String id = pending.pop();
                if (errors.containsKey(id)) {
                    faulty.add(id);
                }
                parents.getOrDefault(id, List.of()).stream().filter(seen::add).forEach(pending::push);
            }
            return faulty;
        }

        private ExecutionGraph graph(List<String> valid) {
            Set<String> needed = new HashSet<>(valid);
            Deque<String> pending = new ArrayDeque<>(valid);
            while (!pending.isEmpty()) {
                parents.getOrDefault(pending.pop(), List.of()).stream()
                        .filter(needed::add)
                        .forEach(pending::push);
            }
            Map<String, Integer> indices = new HashMap<>();
            List<GraphNode> nodes = new ArrayList<>();
            for (String id : order) {
                if (needed.contains(id)) {
                    indices.put(id, nodes.size());
                    nodes.add(graphNode(node(id), indices));
                }
            }
            return new ExecutionGraph(
                    nodes, valid.stream().map(indices::get).sorted().toList());
        }

        private GraphNode graphNode(ApiNode node, Map<String, Integer> indices) {
            NodeCatalog.Entry entry = entry(node);
            Map<String, Object> values = constants.getOrDefault(node.id(), Map.of());
            Map<String, GraphNode.Binding> bindings = new LinkedHashMap<>();
            for (NodeSpec.Input input : entry.spec().inputs()) {
                Object value = values.get(input.name());
                if (value != null) {
                    bindings.put(input.name(), new GraphNode.Binding.Constant(value));
                } else if (node.inputs().get(input.name()) instanceof InputValue.Link link) {
                    int index = Optional.ofNullable(indices.get(link.nodeId())).orElseThrow();
                    bindings.put(input.name(), new GraphNode.Binding.Link(index, (int) link.slot()));
                }
            }
            String title = node.title().orElse(entry.spec().title());
            return new GraphNode(node.id(), title, entry.definition(), entry.spec(), bindings);
        }

        private Validation rejected(Map<String, NodeErrors> nodeErrors) {
            List<String> lines = new ArrayList<>();
            nodeErrors.forEach((id, found) ->
                    found.errors().forEach(error -> lines.add(error.message() + ": " + error.details())));
            return new Validation.Rejected(
                    "prompt_outputs_failed_validation",
                    "Prompt outputs failed validation",
                    String.join("\n", lines),
                    Optional.empty(),
                    nodeErrors);
        }
    }
}
