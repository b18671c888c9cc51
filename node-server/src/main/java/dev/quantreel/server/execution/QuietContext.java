package dev.quantreel.server.execution;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.ResourceCache;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import java.awt.image.BufferedImage;

/// What a node sees that runs on behalf of another: the other's folders, resources and cancellation, but nobody
/// listens.
///
/// @param behalf context of the node that asked
/// @param nodeId id of the node that runs
record QuietContext(NodeContext behalf, String nodeId) implements NodeContext {

    @Override
    public void progress(long value, long max) {
        cancellation().throwIfCancelled();
    }

    @Override
    public void status(String text) {
        cancellation().throwIfCancelled();
    }

    @Override
    public void preview(BufferedImage image) {
        cancellation().throwIfCancelled();
    }

    @Override
    public void show(UiItem item) {
        // shown by the graph's own run alone
    }

    @Override
    public CancellationToken cancellation() {
        return behalf.cancellation();
    }

    @Override
    public NodeFolders folders() {
        return behalf.folders();
    }

    @Override
    public ResourceCache resources() {
        return behalf.resources();
    }

    @Override
    public WorkflowMetadata workflow() {
        return behalf.workflow();
    }
}
