package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.spi.ResourceCache;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Holds what nodes load until it is evicted: the least recently used beyond a number, or all on request, but never
/// what the running request uses, be it through a result from the cache. Thread-safe.
final class ResourcePool implements AutoCloseable {

    private static final Logger LOG = System.getLogger(ResourcePool.class.getName());

    private final int maxEntries;
    private final LinkedHashMap<String, AutoCloseable> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<String> pinned = new HashSet<>();

    ResourcePool(int maxEntries) {
        this.maxEntries = maxEntries;
    }

    /// A view for one node that notes in `used` what it obtains.
    ResourceCache view(Set<String> used) {
        return new ResourceCache() {
            @Override
            public <T extends AutoCloseable> T get(String key, Class<T> type, Loader<T> loader) throws Exception {
                T resource = obtain(key, type, loader);
                synchronized (ResourcePool.this) {
                    used.add(key);
                }
                return resource;
            }

            @Override
            public long release(long leastBytes) {
                return ResourcePool.this.release(leastBytes);
            }

            @Override
            public void release(String key) {
                ResourcePool.this.release(key);
            }
        };
    }

    private synchronized <T extends AutoCloseable> T obtain(String key, Class<T> type, ResourceCache.Loader<T> loader)
            throws Exception {
        AutoCloseable held = entries.get(key);
        if (held != null && !type.isInstance(held)) {
            throw new IllegalArgumentException(
                    "resource " + key + " is a " + held.getClass().getName() + ", not a " + type.getName());
        }
        T resource = held == null ? loader.load() : type.cast(held);
        if (held == null) {
            entries.put(key, resource);
        }
        pinned.add(key);
        return resource;
    }

    /// Closes releasable resources although the request has used them; results never refer to one.
    private synchronized long release(long leastBytes) {
        long released = 0;
        Iterator<Map.Entry<String, AutoCloseable>> all = entries.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<String, AutoCloseable> entry = all.next();
            if (entry.getValue() instanceof Releasable resource && resource.residentBytes() >= leastBytes) {
                released += resource.residentBytes();
                pinned.remove(entry.getKey());
                all.remove();
                close(entry.getKey(), resource);
            }
        }
        return released;
    }

    private synchronized void release(String key) {
        AutoCloseable held = entries.remove(key);
        if (held != null) {
            pinned.remove(key);
            close(key, held);
        }
    }

    /// Keeps resources until the end of the request.
    synchronized void pin(Set<String> keys) {
        pinned.addAll(keys);
    }

    /// Ends a request: nothing is in use any more.
    ///
    /// @return keys of what was closed to keep to the limit
    synchronized Set<String> endRequest() {
        pinned.clear();
        return evict(maxEntries);
    }

    /// Closes everything that is not in use.
    ///
    /// @return keys of what was closed
    synchronized Set<String> evictAll() {
        return evict(0);
    }

    private Set<String> evict(int limit) {
        Set<String> closed = new HashSet<>();
        Iterator<Map.Entry<String, AutoCloseable>> oldestFirst =
                entries.entrySet().iterator();
        while (entries.size() > limit && oldestFirst.hasNext()) {
            Map.Entry<String, AutoCloseable> entry = oldestFirst.next();
            if (!pinned.contains(entry.getKey())) {
                oldestFirst.remove();
                closed.add(entry.getKey());
                close(entry.getKey(), entry.getValue());
            }
        }
        return closed;
    }

    private static void close(String key, AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.log(Level.WARNING, "resource " + key + " could not be closed", e);
        }
    }

    @Override
    public synchronized void close() {
        pinned.clear();
        evict(0);
    }
}
