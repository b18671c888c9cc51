package dev.quantreel.server.graph;

import java.util.List;

/// A graph that can be executed: no cycles, every link leads to an output that exists, every constant has its port's
/// type.
///
/// @param nodes in topological order, the ancestors of an output before those of the next
/// @param outputs indices of the nodes that end the graph, ascending
public record ExecutionGraph(List<GraphNode> nodes, List<Integer> outputs) {

    public ExecutionGraph {
        nodes = List.copyOf(nodes);
        outputs = List.copyOf(outputs);
    }

    /// Ids of the nodes that end the graph.
    public List<String> outputIds() {
        return outputs.stream().map(index -> nodes.get(index).id()).toList();
    }
}
