package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Work recorded by [CudaStream#capture], launched with one call. Addresses and arguments are those of the
/// recording.
public final class CudaGraph implements AutoCloseable {

    private final CudaContext context;
    private final long graph;
    private final long executable;
    private boolean closed;

    private CudaGraph(CudaContext context, long graph, long executable) {
        this.context = context;
        this.graph = graph;
        this.executable = executable;
    }

    static CudaGraph instantiate(CudaContext context, long graph) {
        try {
            return new CudaGraph(
                    context, graph, context.longFrom(DriverFunction.cuGraphInstantiateWithFlags, graph, 0));
        } catch (CudaException e) {
            context.check(DriverFunction.cuGraphDestroy, graph);
            throw e;
        }
    }

    /// Number of kernels, copies and other operations in it.
    public long nodeCount() {
        checkOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
            context.check(DriverFunction.cuGraphGetNodes, graph, 0, count.address());
            return count.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Queues the recorded work; launches of one graph run one after the other.
    public void launch(CudaStream stream) {
        checkOpen();
        context.check(DriverFunction.cuGraphLaunch, executable, stream.handle());
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this graph is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (!context.isGone()) {
                context.check(DriverFunction.cuGraphExecDestroy, executable);
                context.check(DriverFunction.cuGraphDestroy, graph);
            }
        }
    }
}
