package dev.quantreel.server.execution;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Requests that have ended, oldest first, up to a number and a size of JSON. Guarded by its owner.
final class History {

    private static final int MAX_ENTRIES = 10_000;
    private static final long MAX_CHARS = 128L << 20;

    private final LinkedHashMap<String, HistoryEntry> entries = new LinkedHashMap<>();
    private long chars;

    void add(HistoryEntry entry) {
        entries.put(entry.ticket().promptId(), entry);
        chars += size(entry);
        Iterator<Map.Entry<String, HistoryEntry>> oldestFirst =
                entries.entrySet().iterator();
        while (entries.size() > 1 && (entries.size() > MAX_ENTRIES || chars > MAX_CHARS)) {
            chars -= size(oldestFirst.next().getValue());
            oldestFirst.remove();
        }
    }

    List<HistoryEntry> all() {
        return List.copyOf(entries.values());
    }

    Optional<HistoryEntry> find(String promptId) {
        return Optional.ofNullable(entries.get(promptId));
    }

    void delete(Collection<String> promptIds) {
        for (String promptId : promptIds) {
            HistoryEntry removed = entries.remove(promptId);
            chars -= removed == null ? 0 : size(removed);
        }
    }

    void clear() {
        entries.clear();
        chars = 0;
    }

    private static long size(HistoryEntry entry) {
        return (long) entry.ticket().promptJson().length()
                + entry.ticket().extraDataJson().length();
    }
}
