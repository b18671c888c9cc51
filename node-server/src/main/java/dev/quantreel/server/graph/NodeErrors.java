package dev.quantreel.server.graph;

import java.util.List;

/// All that is wrong with one node.
///
/// @param dependentOutputs ids of the output nodes that need it
public record NodeErrors(String classType, List<InputError> errors, List<String> dependentOutputs) {

    public NodeErrors {
        errors = List.copyOf(errors);
        dependentOutputs = List.copyOf(dependentOutputs);
    }
}
