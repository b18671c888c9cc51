/// What a graph becomes before it runs on a GPU, in plain Java without a device: shapes and other small values are
/// computed on the host, what merely renames memory becomes a view, and every array gets a place in one arena.
/// Read [Planner], then [GraphPlan], [Step], [Operand] and [ArenaLayout].
@NullMarked
package dev.quantreel.engines.runtime.cuda.plan;

import org.jspecify.annotations.NullMarked;
