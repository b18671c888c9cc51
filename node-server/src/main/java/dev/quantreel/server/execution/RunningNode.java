package dev.quantreel.server.execution;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.ResourceCache;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// What one running node sees of the server. Nodes may report from threads of their own.
final class RunningNode implements NodeContext {

    private static final int UNTHROTTLED_REPORTS = 64;
    private static final long MIN_GAP_NANOS = 30_000_000;

    private final Execution execution;
    private final String nodeId;
    private final ResourceCache resources;
    private final Upstream upstream;
    private final List<UiItem> shown = new ArrayList<>();
    private long reports;
    private long lastReportNanos;
    private long lastPreviewNanos;
    private long previews;

    /// @param upstream makes the nodes before this one, given this context
    RunningNode(Execution execution, String nodeId, ResourceCache resources, Function<NodeContext, Upstream> upstream) {
        this.execution = execution;
        this.nodeId = nodeId;
        this.resources = resources;
        this.upstream = upstream.apply(this);
    }

    @Override
    public String nodeId() {
        return nodeId;
    }

    @Override
    public synchronized void progress(long value, long max) {
        execution.interrupt().throwIfCancelled();
        long now = System.nanoTime();
        boolean last = value >= max;
        if (last || reports++ < UNTHROTTLED_REPORTS || now - lastReportNanos >= MIN_GAP_NANOS) {
            lastReportNanos = now;
            execution.progressed(nodeId, value, max);
        }
    }

    @Override
    public synchronized void status(String text) {
        execution.interrupt().throwIfCancelled();
        execution.emit(new ExecutionEvent.Status(execution.promptId(), nodeId, text));
    }

    @Override
    public synchronized void preview(BufferedImage image) {
        execution.interrupt().throwIfCancelled();
        long now = System.nanoTime();
        if (previews++ < UNTHROTTLED_REPORTS || now - lastPreviewNanos >= MIN_GAP_NANOS) {
            lastPreviewNanos = now;
            execution.emit(new ExecutionEvent.Previewed(execution.promptId(), nodeId, image));
        }
    }

    @Override
    public synchronized void show(UiItem item) {
        shown.add(item);
    }

    @Override
    public CancellationToken cancellation() {
        return execution.interrupt();
    }

    @Override
    public NodeFolders folders() {
        return execution.folders();
    }

    @Override
    public ResourceCache resources() {
        return resources;
    }

    @Override
    public WorkflowMetadata workflow() {
        return execution.request().metadata();
    }

    @Override
    public Upstream upstream() {
        return upstream;
    }

    synchronized List<UiItem> shown() {
        return List.copyOf(shown);
    }
}
