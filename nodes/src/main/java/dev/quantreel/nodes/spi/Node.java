package dev.quantreel.nodes.spi;

/// One kind of node: a final, stateless class annotated with [NodeType], whose inputs and outputs are records.
///
/// A component of `I` annotated with [In] is an input port, one of `O` annotated with [Out] an output port; component
/// name, wire name and documentation name are the same word. Instances are shared between threads.
///
/// @param <I> record of inputs, validated in its compact constructor by throwing [NodeInputException]
/// @param <O> record of outputs, in slot order
public interface Node<I extends Record, O extends Record> {

    /// Does the work. Catches nothing: the executor adds node id and title to whatever is thrown.
    ///
    /// @throws Exception whatever went wrong, with a message that names value and remedy
    O run(I inputs, NodeContext context) throws Exception;

    /// What the result depends on besides the inputs, for example the content of a file; part of the cache key.
    ///
    /// Called before execution with the constant inputs only. The default says that nothing else matters.
    ///
    /// @throws Exception when it cannot be told; the node then runs and reports the error itself
    default String fingerprint(NodeInputs constants, NodeFolders folders) throws Exception {
        return "";
    }
}
