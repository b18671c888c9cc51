package dev.quantreel.server.workflow;

import java.util.Optional;

/// A workflow document cannot be understood. The message names node, input and value, and what would be accepted.
public class WorkflowException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /// Type of an error without a more specific one.
    public static final String INVALID_PROMPT = "invalid_prompt";

    /// Type of an error about a kind of node that does not exist.
    public static final String MISSING_NODE_TYPE = "missing_node_type";

    /// Type of an error about a body that is not JSON.
    public static final String INVALID_JSON = "invalid_json";

    private final String type;
    private final transient Optional<String> nodeId;
    private final transient Optional<String> classType;

    /// @param type ComfyUI's error type, for example [#INVALID_PROMPT]
    public WorkflowException(String type, String message) {
        super(message);
        this.type = type;
        this.nodeId = Optional.empty();
        this.classType = Optional.empty();
    }

    /// @param classType kind of the node, when known
    public WorkflowException(String type, String message, String nodeId, Optional<String> classType) {
        super(message);
        this.type = type;
        this.nodeId = Optional.of(nodeId);
        this.classType = classType;
    }

    public WorkflowException(String type, String message, Throwable cause) {
        super(message, cause);
        this.type = type;
        this.nodeId = Optional.empty();
        this.classType = Optional.empty();
    }

    public String type() {
        return type;
    }

    public Optional<String> nodeId() {
        return nodeId;
    }

    public Optional<String> classType() {
        return classType;
    }
}
