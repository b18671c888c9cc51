/// Workflow documents: ComfyUI's canvas format (0.4 and 1) and API format, and the way from the first to the second.
///
/// Read [WorkflowFile] first, then [ApiWorkflow] and [UiWorkflowConverter]. Besides `http` this is the only package
/// that knows JSON; nothing in it executes anything.
@NullMarked
package dev.quantreel.server.workflow;

import org.jspecify.annotations.NullMarked;
