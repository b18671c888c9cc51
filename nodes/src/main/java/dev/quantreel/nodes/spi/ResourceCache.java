package dev.quantreel.nodes.spi;

/// Keeps expensive things (mapped files, opened sessions, quantized weights) alive between runs until memory is asked
/// back.
///
/// The cache owns what it holds and closes it on eviction, never while a prompt that obtained it is still running,
/// except through [#release].
public interface ResourceCache {

    /// The resource under `key`, loading it on first use. Keys must identify content (digests, not names).
    ///
    /// @throws Exception whatever the loader throws; nothing is kept then
    <T extends AutoCloseable> T get(String key, Class<T> type, Loader<T> loader) throws Exception;

    /// Closes every [Releasable] resource that holds at least `leastBytes`, at once: a text encoder before a
    /// transformer is opened. The node that calls must not be using one.
    ///
    /// @return bytes given back
    long release(long leastBytes);

    /// Closes one resource at once, if it is held: the first of two models before the second is opened. The node that
    /// calls must not be using it.
    void release(String key);

    /// Makes a resource.
    interface Loader<T> {
        T load() throws Exception;
    }
}
