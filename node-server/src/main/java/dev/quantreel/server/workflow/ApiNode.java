package dev.quantreel.server.workflow;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// One node of an [ApiWorkflow].
///
/// @param id id in the workflow; any text
/// @param classType kind of node; it need not exist
/// @param title title given by the user
/// @param inputs values by input name, in document order
public record ApiNode(String id, String classType, Optional<String> title, Map<String, InputValue> inputs) {

    public ApiNode {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    }
}
