package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeOutputs;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.server.graph.ConstantFit;
import dev.quantreel.server.graph.ExecutionGraph;
import dev.quantreel.server.graph.GraphNode;
import dev.quantreel.server.graph.GraphNode.Binding;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/// Runs what leads to one node again. Nodes that no change reaches keep the results of the graph's run, those that were
/// not needed there run once. Confined to the thread of its node.
final class UpstreamRun implements Upstream {

    private final ExecutionGraph graph;
    private final int reader;
    private final IntFunction<Optional<OutputCache.Entry>> known;
    private final NodeContext context;
    private final ConstantFit constants;
    private final Map<Integer, NodeOutputs> unchanged = new HashMap<>();

    /// @param reader index of the node that asks
    /// @param known results of the graph's run and earlier ones
    /// @param context of the node that asks
    UpstreamRun(ExecutionGraph graph, int reader, IntFunction<Optional<OutputCache.Entry>> known, NodeContext context) {
        this.graph = graph;
        this.reader = reader;
        this.known = known;
        this.context = context;
        this.constants = new ConstantFit(context.folders());
    }

    @Override
    public List<Source> sources() {
        return ancestors(new BitSet()).stream()
                .mapToObj(graph.nodes()::get)
                .map(node -> new Source(
                        node.id(),
                        node.title(),
                        node.spec().id(),
                        node.spec().inputs().stream()
                                .filter(input -> !(input.type() instanceof PortType.SocketType))
                                .map(NodeSpec.Input::name)
                                .filter(name -> !(node.inputs().get(name) instanceof Binding.Link))
                                .toList()))
                .toList();
    }

    @Override
    public Optional<String> refusal(Change change) {
        try {
            fitted(change);
            return Optional.empty();
        } catch (NodeInputException e) {
            return Optional.ofNullable(e.getMessage());
        }
    }

    @Override
    public NodeInputs inputs(List<Change> changes) throws Exception {
        Map<Integer, GraphNode> changed = new LinkedHashMap<>();
        for (Change change : changes) {
            int index = index(change);
            changed.put(index, with(changed.getOrDefault(index, graph.nodes().get(index)), change));
        }
        BitSet reached = reached(changed);
        Map<Integer, NodeOutputs> fresh = new HashMap<>();
        BitSet needed = ancestors(unneeded(reached));
        for (int i = needed.nextSetBit(0); i >= 0; i = needed.nextSetBit(i + 1)) {
            context.cancellation().throwIfCancelled();
            GraphNode node = changed.getOrDefault(i, graph.nodes().get(i));
            if (reached.get(i)) {
                fresh.put(i, run(node, fresh));
            } else if (known(i).isEmpty()) {
                unchanged.put(i, run(node, fresh));
            }
        }
        return inputs(graph.nodes().get(reader), fresh);
    }

    private NodeOutputs run(GraphNode node, Map<Integer, NodeOutputs> fresh) throws Exception {
        return node.definition().run(inputs(node, fresh), new QuietContext(context, node.id()));
    }

    private NodeInputs inputs(GraphNode node, Map<Integer, NodeOutputs> fresh) {
        NodeInputs inputs = NodeInputs.EMPTY;
        for (Map.Entry<String, Binding> input : node.inputs().entrySet()) {
            Object value =
                    switch (input.getValue()) {
                        case Binding.Constant(Object constant) -> constant;
                        case Binding.Link(int parent, int slot) ->
                            Optional.ofNullable(fresh.get(parent))
                                    .or(() -> known(parent))
                                    .orElseThrow()
                                    .values()
                                    .get(slot);
                    };
            inputs = inputs.with(input.getKey(), value);
        }
        return inputs;
    }

    private Optional<NodeOutputs> known(int index) {
        return Optional.ofNullable(unchanged.get(index))
                .or(() -> known.apply(index).map(OutputCache.Entry::outputs));
    }

    private GraphNode with(GraphNode node, Change change) {
        Map<String, Binding> inputs = new LinkedHashMap<>(node.inputs());
        inputs.put(change.input(), fitted(change));
        return new GraphNode(node.id(), node.title(), node.definition(), node.spec(), inputs);
    }

    private Binding.Constant fitted(Change change) {
        GraphNode node = graph.nodes().get(index(change));
        try {
            return constants.fit(
                    node.spec().input(change.input()).orElseThrow(() -> missing(node.title(), change)), change.value());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException(
                    change.input(), node.title() + "." + change.input() + ": " + e.getMessage(), e);
        }
    }

    private int index(Change change) {
        for (int i = 0; i < reader; i++) {
            if (graph.nodes().get(i).id().equals(change.nodeId())) {
                return i;
            }
        }
        throw missing("node " + change.nodeId(), change);
    }

    private static NodeInputException missing(String node, Change change) {
        return new NodeInputException(change.input(), node + " has no input " + change.input() + " before this node");
    }

    /// The changed nodes and all that read from them.
    private BitSet reached(Map<Integer, GraphNode> changed) {
        BitSet reached = new BitSet();
        for (int i = 0; i < reader; i++) {
            boolean reads = graph.nodes().get(i).inputs().values().stream()
                    .anyMatch(binding -> binding instanceof Binding.Link(int parent, int slot) && reached.get(parent));
            reached.set(i, reads || changed.containsKey(i));
        }
        return reached;
    }

    /// Nodes whose results are there, so that what leads to them need not be looked at.
    private BitSet unneeded(BitSet reached) {
        BitSet ends = new BitSet();
        for (int i = 0; i < reader; i++) {
            ends.set(i, !reached.get(i) && known(i).isPresent());
        }
        return ends;
    }

    /// Nodes that lead to the reader, without what lies behind the ends.
    private BitSet ancestors(BitSet ends) {
        BitSet found = new BitSet();
        found.set(reader);
        for (int i = reader; i >= 0; i--) {
            if (found.get(i) && !ends.get(i)) {
                for (Binding binding : graph.nodes().get(i).inputs().values()) {
                    if (binding instanceof Binding.Link(int parent, int slot)) {
                        found.set(parent);
                    }
                }
            }
        }
        found.clear(reader);
        return found;
    }
}
