package dev.quantreel.server.workflow;

/// What a workflow says about one input of a node.
public sealed interface InputValue {

    /// How to show the value in a message: JSON text.
    String shown();

    /// A widget value.
    ///
    /// @param value a String, Long, java.math.BigInteger, Double or Boolean
    record Constant(Object value) implements InputValue {
        @Override
        public String shown() {
            return value instanceof String text ? "'" + text + "'" : value.toString();
        }
    }

    /// A value that is neither text, number nor boolean: `null`, an object, or a list wrapped in `__value__`.
    ///
    /// @param shown JSON text
    record Structure(String shown) implements InputValue {}

    /// The output of another node.
    ///
    /// @param nodeId id of the node that gives it; it need not exist
    /// @param slot index of its output; not checked
    record Link(String nodeId, long slot) implements InputValue {
        @Override
        public String shown() {
            return "['" + nodeId + "', " + slot + "]";
        }
    }

    /// A list that should be a link and is none.
    ///
    /// @param shown JSON text
    record Malformed(String shown) implements InputValue {}
}
