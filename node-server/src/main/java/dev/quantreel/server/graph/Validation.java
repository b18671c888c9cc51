package dev.quantreel.server.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What came of validating a workflow.
public sealed interface Validation {

    /// What is wrong, by node id; for an accepted graph, what was left out of it.
    Map<String, NodeErrors> nodeErrors();

    /// At least one output can be computed.
    record Accepted(ExecutionGraph graph, Map<String, NodeErrors> nodeErrors) implements Validation {
        public Accepted {
            nodeErrors = Collections.unmodifiableMap(new LinkedHashMap<>(nodeErrors));
        }
    }

    /// Nothing can be computed.
    ///
    /// @param type ComfyUI's error type
    /// @param subject the node at fault, when it is a single one
    record Rejected(
            String type, String message, String details, Optional<Subject> subject, Map<String, NodeErrors> nodeErrors)
            implements Validation {
        public Rejected {
            nodeErrors = Collections.unmodifiableMap(new LinkedHashMap<>(nodeErrors));
        }
    }

    /// A node that is at fault.
    record Subject(String nodeId, String classType, String title) {}
}
