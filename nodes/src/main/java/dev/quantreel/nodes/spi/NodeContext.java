package dev.quantreel.nodes.spi;

import dev.quantreel.engines.runtime.CancellationToken;
import java.awt.image.BufferedImage;
import java.util.Collection;
import java.util.Iterator;

/// A running node's only door to the outside: progress, cancellation, folders, shared resources and what the canvas
/// shows.
public interface NodeContext {

    /// Id of the node in the running workflow.
    String nodeId();

    /// Reports progress; throws when the user interrupted.
    ///
    /// @throws java.util.concurrent.CancellationException when interrupted
    void progress(long value, long max);

    /// Says in words what is being done now, for terminals and logs.
    void status(String text);

    /// Shows a picture on the node while it works.
    void preview(BufferedImage image);

    /// Adds to the node's result on the canvas (`ui` on the wire).
    void show(UiItem item);

    CancellationToken cancellation();

    NodeFolders folders();

    ResourceCache resources();

    WorkflowMetadata workflow();

    /// The nodes before this one, for running them again with other values.
    default Upstream upstream() {
        return Upstream.NONE;
    }

    /// Iterates with progress and cancellation.
    default <T> Iterable<T> track(Collection<T> items) {
        return () -> new Iterator<>() {
            private final Iterator<T> inner = items.iterator();
            private int done;

            @Override
            public boolean hasNext() {
                boolean more = inner.hasNext();
                if (!more) {
                    progress(items.size(), Math.max(1, items.size()));
                }
                return more;
            }

            @Override
            public T next() {
                progress(done++, items.size());
                return inner.next();
            }
        };
    }
}
