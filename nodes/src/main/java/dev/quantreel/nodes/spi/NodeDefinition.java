package dev.quantreel.nodes.spi;

/// A kind of node that can be executed: what a [NodePack] contributes and the executor runs. Thread-safe, stateless.
public interface NodeDefinition {

    /// The definition of an annotated node: its records become the ports of the spec.
    ///
    /// @throws IllegalArgumentException when the class does not keep the rules of [Node], [NodeType], [In] and
    /// [Out]; the message names the class, the component and what is missing
    static NodeDefinition of(Node<?, ?> node) {
        return AnnotatedNode.of(node);
    }

    NodeSpec spec();

    /// Runs the node once.
    ///
    /// @param inputs one value for each required input, already of the port's Java type (Long, Double, Boolean,
    /// String, or the value a linked output gave); a widget that is absent takes its default
    /// @return one value for each output, in slot order
    /// @throws NodeInputException when a value does not fit its port
    /// @throws Exception see [Node#run]
    NodeOutputs run(NodeInputs inputs, NodeContext context) throws Exception;

    /// See [Node#fingerprint].
    ///
    /// @throws Exception see there
    String fingerprint(NodeInputs constants, NodeFolders folders) throws Exception;
}
