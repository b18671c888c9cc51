package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeFolders;
import java.util.Set;
import java.util.function.Consumer;

/// Runs one graph at a time and keeps results and resources for the next. Used from one thread; [#close] from any.
public final class Executor implements AutoCloseable {

    private final NodeFolders folders;
    private final Signatures signatures;
    private final OutputCache cache;
    private final ResourcePool resources;

    /// How much is kept between requests.
    ///
    /// @param cachedResults results besides those of the last request
    /// @param cachedBytes size of the results besides those of the last request
    /// @param resources opened files, sessions and the like
    public record Limits(int cachedResults, long cachedBytes, int resources) {

        /// Enough to go back and forth between a few workflows.
        public static final Limits DEFAULTS = new Limits(1000, 2L << 30, 64);
    }

    public Executor(NodeFolders folders, Limits limits) {
        this.folders = folders;
        this.signatures = new Signatures(folders);
        this.cache = new OutputCache(folders, limits.cachedResults(), limits.cachedBytes());
        this.resources = new ResourcePool(limits.resources());
    }

    /// Runs a graph to its end, whatever that is; failures of nodes are results, not exceptions.
    ///
    /// @param interrupt cancels this request
    /// @param events told in order, on this thread or a node's own
    public ExecutionResult run(ExecutionRequest request, Interrupt interrupt, Consumer<ExecutionEvent> events) {
        Execution execution = new Execution(request, folders, interrupt, events);
        GraphRun run = new GraphRun(execution, cache, resources, signatures.of(request.graph()));
        try {
            return run.toEnd();
        } finally {
            cache.endRequest(Set.copyOf(run.usedSignatures()));
            cache.dropResources(resources.endRequest());
        }
    }

    /// Forgets all results.
    public void forgetResults() {
        cache.clear();
    }

    /// Closes all resources, and forgets the results that may refer to them.
    public void unloadResources() {
        Set<String> closed = resources.evictAll();
        if (!closed.isEmpty()) {
            cache.dropResources(closed);
        }
    }

    /// Number of results kept.
    public int cachedResults() {
        return cache.size();
    }

    @Override
    public void close() {
        cache.clear();
        resources.close();
    }
}
