/// Runs graphs: the queue, one worker, the executor, the cache of results and the cache of resources.
///
/// Read [PromptService] (what the server talks to), [Executor] (one graph), [Signatures] and [OutputCache]. Nothing
/// here knows HTTP or JSON; whoever wants to know listens to [ExecutionEvent]s.
@NullMarked
package dev.quantreel.server.execution;

import org.jspecify.annotations.NullMarked;
