package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.server.workflow.InputValue;

/// Fits values given as text to inputs of nodes that were validated already.
public final class ConstantFit {

    private final InputValidator validator;

    public ConstantFit(NodeFolders folders) {
        this.validator = new InputValidator(folders);
    }

    /// The value as the input takes it.
    ///
    /// @param text as typed; `true` or `false` for a BOOLEAN
    /// @throws IllegalArgumentException when it does not fit; the message says why
    public GraphNode.Binding.Constant fit(NodeSpec.Input input, String text) {
        return switch (validator.fit(input, given(input, text))) {
            case InputValidator.Fit.Fits(Object value) -> new GraphNode.Binding.Constant(value);
            case InputValidator.Fit.Unfit(InputError error) ->
                throw new IllegalArgumentException(error.message() + ": " + error.details());
        };
    }

    private static InputValue given(NodeSpec.Input input, String text) {
        if (!(input.type() instanceof PortType.BooleanType)) {
            return new InputValue.Constant(text);
        }
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException(input.name() + ": '" + text + "' is neither true nor false");
        }
        return new InputValue.Constant(Boolean.valueOf(text));
    }
}
