/// From a workflow document to a graph that can be executed: the catalogue of node kinds, validation with ComfyUI's
/// error types, and the immutable [ExecutionGraph].
///
/// Read [NodeCatalog], [GraphValidator], then [ExecutionGraph]. Nothing here recurses: chains of any length validate.
@NullMarked
package dev.quantreel.server.graph;

import org.jspecify.annotations.NullMarked;
