package dev.quantreel.nodes.spi;

/// A kind of node that can be executed: what a [NodePack] contributes and the executor runs. Thread-safe, stateless.
public interface NodeDefinition {

    NodeSpec spec();

    /// Runs the node once.
    ///
    /// @param inputs one value for each required input, already of the port's Java type (Long, Double, Boolean,
    // String, or the
    ///     value a linked output gave)
    /// @return one value for each output, in slot order
    /// @throws Exception see [Node#run]
    NodeOutputs run(NodeInputs inputs, NodeContext context) throws Exception;

    /// See [Node#fingerprint].
    ///
    /// @throws Exception see there
    String fingerprint(NodeInputs constants, NodeFolders folders) throws Exception;
}
