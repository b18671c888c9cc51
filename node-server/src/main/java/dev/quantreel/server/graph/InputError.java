package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.server.workflow.InputValue;
import java.util.List;
import java.util.Optional;

/// One thing wrong with one node, in ComfyUI's terms.
///
/// @param message the same for every error of its type, up to the values in it
/// @param details the input's name and what was found
public record InputError(Type type, String message, String details, Extra extra) {

    /// Wire name is the lower-case name.
    public enum Type {
        REQUIRED_INPUT_MISSING,
        BAD_LINKED_INPUT,
        RETURN_TYPE_MISMATCH,
        INVALID_INPUT_TYPE,
        VALUE_SMALLER_THAN_MIN,
        VALUE_BIGGER_THAN_MAX,
        VALUE_NOT_IN_LIST,
        DEPENDENCY_CYCLE
    }

    /// What a program may want to know.
    public sealed interface Extra {}

    /// An input was not given.
    public record Missing(String inputName) implements Extra {}

    /// An input has a value that does not fit.
    ///
    /// @param options accepted values of a COMBO, when they are few enough to be told
    public record Received(
            NodeSpec.Input input, InputValue value, Optional<List<String>> options, Optional<String> exception)
            implements Extra {}

    /// An input is linked to an output of another type.
    public record Mismatch(NodeSpec.Input input, String receivedType, InputValue.Link link) implements Extra {}

    /// Nodes depend on each other.
    ///
    /// @param nodes ids along the cycle, the first again at the end
    public record Cycle(String nodeId, List<String> nodes) implements Extra {
        public Cycle {
            nodes = List.copyOf(nodes);
        }
    }
}
