package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodeSpec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// One validated node.
///
/// @param id id in the workflow
/// @param title what the user calls it
/// @param definition what runs it
/// @param spec the definition's spec
/// @param inputs one binding for each input that has a value, in the order of the spec
public record GraphNode(
        String id, String title, NodeDefinition definition, NodeSpec spec, Map<String, Binding> inputs) {

    public GraphNode {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    }

    /// Where an input's value comes from.
    public sealed interface Binding {

        /// @param value a Long, Double, Boolean or String, as the port wants it
        record Constant(Object value) implements Binding {}

        /// @param node index of the giving node in [ExecutionGraph#nodes]; smaller than the reader's
        /// @param slot index of its output; in range
        record Link(int node, int slot) implements Binding {}
    }
}
