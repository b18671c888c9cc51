package dev.quantreel.nodes.testing;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.spi.ResourceCache;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// A context without a server: folders below a directory, everything reported is kept for assertions. Not thread-safe.
public final class TestContext implements NodeContext, AutoCloseable {

    private final TestFolders folders;
    private final Resources resources = new Resources();
    private final List<String> statuses = Collections.synchronizedList(new ArrayList<>());
    private final List<UiItem> shown = Collections.synchronizedList(new ArrayList<>());
    private final List<BufferedImage> previews = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> progress = Collections.synchronizedList(new ArrayList<>());
    private WorkflowMetadata workflow = WorkflowMetadata.NONE;
    private Upstream upstream = Upstream.NONE;
    private Optional<String> cancelOnStatus = Optional.empty();
    private boolean cancelled;

    private TestContext(Path root) {
        this.folders = new TestFolders(root);
    }

    public static TestContext in(Path root) {
        return new TestContext(root);
    }

    /// The workflow that nodes embed in what they save.
    public TestContext running(WorkflowMetadata metadata) {
        this.workflow = metadata;
        return this;
    }

    /// What leads to the node.
    public TestContext behind(Upstream nodes) {
        this.upstream = nodes;
        return this;
    }

    /// Cancels as soon as a status line contains `text`; goes on if it was cancelled before.
    public TestContext cancelAt(String text) {
        this.cancelOnStatus = Optional.of(text);
        this.cancelled = false;
        return this;
    }

    public List<String> statuses() {
        return statuses;
    }

    public List<UiItem> shown() {
        return shown;
    }

    public List<BufferedImage> previews() {
        return previews;
    }

    /// Values reported, in order.
    public List<Long> progressValues() {
        return progress;
    }

    /// Keys of the resources loaded so far.
    public List<String> loadedKeys() {
        return List.copyOf(resources.held.keySet());
    }

    @Override
    public String nodeId() {
        return "1";
    }

    @Override
    public void progress(long value, long max) {
        cancellation().throwIfCancelled();
        progress.add(value);
    }

    @Override
    public void status(String text) {
        statuses.add(text);
        cancelled = cancelled || cancelOnStatus.filter(text::contains).isPresent();
    }

    @Override
    public void preview(BufferedImage image) {
        previews.add(image);
    }

    @Override
    public void show(UiItem item) {
        shown.add(item);
    }

    @Override
    public CancellationToken cancellation() {
        return new CancellationToken() {
            @Override
            public boolean cancelled() {
                return cancelled;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }

            @Override
            public void throwIfCancelled() {
                if (cancelled) {
                    throw new CancellationException("interrupted");
                }
            }
        };
    }

    @Override
    public TestFolders folders() {
        return folders;
    }

    @Override
    public ResourceCache resources() {
        return resources;
    }

    @Override
    public WorkflowMetadata workflow() {
        return workflow;
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable resource : resources.held.values()) {
            resource.close();
        }
        resources.held.clear();
    }

    @Override
    public Upstream upstream() {
        return upstream;
    }

    private static final class Resources implements ResourceCache {
        private final Map<String, AutoCloseable> held = new LinkedHashMap<>();

        @Override
        public <T extends AutoCloseable> T get(String key, Class<T> type, Loader<T> loader) throws Exception {
            AutoCloseable known = held.get(key);
            if (known != null) {
                return type.cast(known);
            }
            T loaded = loader.load();
            held.put(key, loaded);
            return loaded;
        }

        @Override
        public long release(long leastBytes) {
            long released = 0;
            for (Map.Entry<String, AutoCloseable> entry : List.copyOf(held.entrySet())) {
                if (entry.getValue() instanceof Releasable resource && resource.residentBytes() >= leastBytes) {
                    released += resource.residentBytes();
                    held.remove(entry.getKey());
                    close(resource);
                }
            }
            return released;
        }

        @Override
        public void release(String key) {
            AutoCloseable resource = held.remove(key);
            if (resource != null) {
                close(resource);
            }
        }

        private static void close(AutoCloseable resource) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
