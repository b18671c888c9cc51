package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeOutputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.server.execution.ExecutionEvent.NodeProgress;
import dev.quantreel.server.execution.ExecutionEvent.State;
import dev.quantreel.server.execution.ExecutionResult.Outcome;
import dev.quantreel.server.graph.ExecutionGraph;
import dev.quantreel.server.graph.GraphNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;

/// Runs the nodes of one graph in order, except those whose results are cached or not needed.
final class GraphRun {

    private static final int SHOWN_CHARS = 200;

    private final Execution execution;
    private final OutputCache cache;
    private final ResourcePool resources;
    private final ExecutionGraph graph;
    private final List<String> signatures;
    private final Map<Integer, OutputCache.Entry> results = new LinkedHashMap<>();
    private final Map<String, List<UiItem>> shown = new LinkedHashMap<>();
    private final List<String> executed = new ArrayList<>();
    private final List<String> cached = new ArrayList<>();

    GraphRun(Execution execution, OutputCache cache, ResourcePool resources, List<String> signatures) {
        this.execution = execution;
        this.cache = cache;
        this.resources = resources;
        this.graph = execution.request().graph();
        this.signatures = signatures;
    }

    /// Signatures of the nodes whose results were used or made.
    List<String> usedSignatures() {
        return signatures;
    }

    ExecutionResult toEnd() {
        execution.emit(new ExecutionEvent.Started(execution.promptId(), System.currentTimeMillis()));
        BitSet needed = lookUp();
        execution.emit(
                new ExecutionEvent.Cached(execution.promptId(), List.copyOf(cached), System.currentTimeMillis()));
        Optional<Outcome> stopped = Optional.empty();
        for (int i = 0; i < graph.nodes().size() && stopped.isEmpty(); i++) {
            if (results.containsKey(i)) {
                resend(i);
            } else if (needed.get(i)) {
                stopped = runNode(i);
            }
        }
        Outcome outcome = stopped.orElseGet(this::succeed);
        return new ExecutionResult(outcome, shown, executed, cached);
    }

    private Outcome succeed() {
        execution.emit(new ExecutionEvent.Succeeded(execution.promptId(), System.currentTimeMillis()));
        return new Outcome.Success();
    }

    /// Finds cached results, and the nodes that must run because a needed result is not cached.
    private BitSet lookUp() {
        BitSet needed = new BitSet();
        BitSet seen = new BitSet();
        Deque<Integer> pending = new ArrayDeque<>(graph.outputs());
        graph.outputs().forEach(seen::set);
        while (!pending.isEmpty()) {
            int index = pending.pop();
            Optional<OutputCache.Entry> entry = cache.find(signatures.get(index));
            if (entry.isPresent()) {
                results.put(index, entry.get());
                resources.pin(entry.get().resources());
                continue;
            }
            needed.set(index);
            for (GraphNode.Binding binding : graph.nodes().get(index).inputs().values()) {
                if (binding instanceof GraphNode.Binding.Link(int parent, int slot) && !seen.get(parent)) {
                    seen.set(parent);
                    pending.push(parent);
                }
            }
        }
        for (int i = 0; i < graph.nodes().size(); i++) {
            if (results.containsKey(i) || !seen.get(i)) {
                cached.add(graph.nodes().get(i).id());
            }
        }
        return needed;
    }

    private void resend(int index) {
        OutputCache.Entry entry = results.get(index);
        if (entry != null && !entry.shown().isEmpty()) {
            String id = graph.nodes().get(index).id();
            show(id, entry.shown());
            execution.finished(id);
        }
    }

    private void show(String nodeId, List<UiItem> items) {
        shown.put(nodeId, items);
        execution.emit(new ExecutionEvent.Shown(execution.promptId(), nodeId, items));
    }

    /// Runs one node; how the request ends, when it ends here.
    @SuppressWarnings("checkstyle:IllegalCatch") // the one place where whatever a node throws becomes a report
    private Optional<Outcome> runNode(int index) {
        GraphNode node = graph.nodes().get(index);
        if (execution.interrupt().cancelled()) {
            return Optional.of(interrupted(node));
        }
        execution.changed(new NodeProgress(node.id(), State.RUNNING, 0, 1));
        execution.emit(new ExecutionEvent.NodeStarted(execution.promptId(), node.id(), node.title()));
        Set<String> used = new LinkedHashSet<>();
        RunningNode context = new RunningNode(
                execution, node.id(), resources.view(used), self -> new UpstreamRun(graph, index, this::known, self));
        NodeInputs inputs = NodeInputs.EMPTY;
        try {
            inputs = inputs(node);
            NodeOutputs outputs = checked(node, node.definition().run(inputs, context));
            finish(index, outputs, context.shown(), used);
            return Optional.empty();
        } catch (CancellationException e) {
            return Optional.of(execution.interrupt().cancelled() ? interrupted(node) : failed(node, inputs, e));
        } catch (Throwable e) {
            boolean stopping = execution.interrupt().cancelled() && !(e instanceof VirtualMachineError);
            return Optional.of(stopping ? interrupted(node) : failed(node, inputs, e));
        }
    }

    private void finish(int index, NodeOutputs outputs, List<UiItem> items, Set<String> used) {
        GraphNode node = graph.nodes().get(index);
        OutputCache.Entry entry = OutputCache.Entry.of(outputs, items, resourcesOf(node, used));
        results.put(index, entry);
        cache.put(signatures.get(index), entry);
        executed.add(node.id());
        if (!items.isEmpty()) {
            show(node.id(), items);
        }
        execution.finished(node.id());
    }

    /// What a result may refer to: what its node obtained, and what its inputs may refer to.
    private Set<String> resourcesOf(GraphNode node, Set<String> used) {
        Set<String> all = new HashSet<>(used);
        for (GraphNode.Binding binding : node.inputs().values()) {
            if (binding instanceof GraphNode.Binding.Link(int parent, int slot)) {
                all.addAll(result(parent).resources());
            }
        }
        return all.isEmpty() ? Set.of() : all;
    }

    /// What a node gave in this run or an earlier one.
    private Optional<OutputCache.Entry> known(int index) {
        Optional<OutputCache.Entry> entry =
                Optional.ofNullable(results.get(index)).or(() -> cache.find(signatures.get(index)));
        entry.ifPresent(found -> resources.pin(found.resources()));
        return entry;
    }

    private OutputCache.Entry result(int index) {
        OutputCache.Entry entry = results.get(index);
        if (entry == null) {
            throw new IllegalStateException(
                    "node " + graph.nodes().get(index).id() + " has not run before the node that reads it");
        }
        return entry;
    }

    private NodeInputs inputs(GraphNode node) {
        NodeInputs inputs = NodeInputs.EMPTY;
        for (Map.Entry<String, GraphNode.Binding> input : node.inputs().entrySet()) {
            Object value =
                    switch (input.getValue()) {
                        case GraphNode.Binding.Constant(Object constant) -> constant;
                        case GraphNode.Binding.Link(int parent, int slot) ->
                            result(parent).outputs().values().get(slot);
                    };
            inputs = inputs.with(input.getKey(), value);
        }
        return inputs;
    }

    private static NodeOutputs checked(GraphNode node, NodeOutputs outputs) {
        int declared = node.spec().outputs().size();
        if (outputs.values().size() != declared) {
            throw new IllegalStateException("node kind " + node.spec().id() + " returned "
                    + outputs.values().size() + " values, but declares " + declared + " outputs");
        }
        return outputs;
    }

    private Outcome interrupted(GraphNode node) {
        execution.emit(new ExecutionEvent.Interrupted(
                execution.promptId(), node.id(), node.spec().id(), List.copyOf(executed), System.currentTimeMillis()));
        return new Outcome.Interrupted(node.id());
    }

    private Outcome failed(GraphNode node, NodeInputs inputs, Throwable thrown) {
        Optional<String> port = thrown instanceof NodeInputException e ? Optional.of(e.port()) : Optional.empty();
        String text = thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
        Failure failure = new Failure(
                node.id(),
                node.spec().id(),
                node.title(),
                thrown.getClass().getName(),
                port.map(name -> "input '" + name + "': " + text).orElse(text),
                port,
                Execution.traceOf(thrown),
                shown(inputs),
                List.copyOf(executed));
        execution.failed(node.id());
        execution.emit(new ExecutionEvent.Failed(execution.promptId(), failure, System.currentTimeMillis()));
        return new Outcome.Error(failure);
    }

    private static Map<String, String> shown(NodeInputs inputs) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String name : inputs.names()) {
            Object value = inputs.value(name).orElse("");
            boolean simple = value instanceof String || value instanceof Number || value instanceof Boolean;
            String text = simple ? value.toString() : value.getClass().getSimpleName();
            texts.put(name, text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...");
        }
        return texts;
    }
}
