package dev.quantreel.nodes.spi;

/// A resource that no value on a link refers to, so that it may be closed as soon as the node that obtained it has run:
/// whoever needs it again asks the cache again.
public interface Releasable extends AutoCloseable {

    /// Memory that closing gives back, in bytes.
    long residentBytes();
}
