package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeOutputs;
import dev.quantreel.nodes.spi.UiItem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Results of nodes by signature. Everything the last request needed is kept; beyond that the most recently used, up
/// to a number and a size. Confined to the worker's thread.
final class OutputCache {

    private final NodeFolders folders;
    private final int maxEntries;
    private final long maxBytes;
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(64, 0.75f, true);
    private Set<String> kept = Set.of();
    private long bytes;

    /// @param maxEntries results kept besides those of the last request
    /// @param maxBytes size of the results kept besides those of the last request
    OutputCache(NodeFolders folders, int maxEntries, long maxBytes) {
        this.folders = folders;
        this.maxEntries = maxEntries;
        this.maxBytes = maxBytes;
    }

    /// One node's result.
    ///
    /// @param resources keys of the resources it may refer to
    record Entry(NodeOutputs outputs, List<UiItem> shown, Set<String> resources, long bytes) {
        static Entry of(NodeOutputs outputs, List<UiItem> shown, Set<String> resources) {
            return new Entry(outputs, List.copyOf(shown), resources, ValueSize.bytes(outputs.values()));
        }
    }

    /// The result, unless a file it shows is gone.
    Optional<Entry> find(String signature) {
        Entry entry = entries.get(signature);
        if (entry != null && !filesExist(entry)) {
            remove(signature);
            return Optional.empty();
        }
        return Optional.ofNullable(entry);
    }

    void put(String signature, Entry entry) {
        remove(signature);
        entries.put(signature, entry);
        bytes += entry.bytes();
    }

    /// Ends a request: keeps what it used, trims the rest.
    void endRequest(Set<String> used) {
        kept = Set.copyOf(used);
        int spare = entries.size()
                - (int) kept.stream().filter(entries::containsKey).count();
        Iterator<Map.Entry<String, Entry>> oldestFirst = entries.entrySet().iterator();
        while (oldestFirst.hasNext() && (spare > maxEntries || bytes > maxBytes)) {
            Map.Entry<String, Entry> entry = oldestFirst.next();
            if (!kept.contains(entry.getKey())) {
                oldestFirst.remove();
                bytes -= entry.getValue().bytes();
                spare--;
            }
        }
    }

    /// Drops what may refer to one of these resources.
    void dropResources(Set<String> closed) {
        entries.entrySet().removeIf(entry -> {
            boolean refers = entry.getValue().resources().stream().anyMatch(closed::contains);
            bytes -= refers ? entry.getValue().bytes() : 0;
            return refers;
        });
    }

    void clear() {
        entries.clear();
        bytes = 0;
    }

    int size() {
        return entries.size();
    }

    private void remove(String signature) {
        Entry before = entries.remove(signature);
        bytes -= before == null ? 0 : before.bytes();
    }

    private boolean filesExist(Entry entry) {
        return entry.shown().stream().allMatch(item -> switch (item) {
            case UiItem.Text ignored -> true;
            case UiItem.FileItem file ->
                Files.exists(root(file.root()).resolve(Path.of(file.subfolder(), file.filename())));
        });
    }

    private Path root(UiItem.Root root) {
        return switch (root) {
            case OUTPUT -> folders.output();
            case INPUT -> folders.input();
            case TEMP -> folders.temp();
        };
    }
}
