package dev.quantreel.nodes.spi;

import java.util.Optional;

/// The running workflow as JSON, for embedding into results.
///
/// @param prompt API format (ComfyUI's `prompt`), always present while a workflow runs
/// @param workflow canvas format (ComfyUI's `workflow`), when the client sent it
public record WorkflowMetadata(Optional<String> prompt, Optional<String> workflow) {

    public static final WorkflowMetadata NONE = new WorkflowMetadata(Optional.empty(), Optional.empty());
}
