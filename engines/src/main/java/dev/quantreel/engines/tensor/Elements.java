package dev.quantreel.engines.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What all views of a tensor share: where its elements lie, either on the host or in the memory of an engine.
final class Elements {

    /// Null for elements that were not on the host from the beginning; what equality asks for never changes.
    private final @Nullable MemorySegment origin;

    private volatile @Nullable MemorySegment host;
    private @Nullable Residence residence;

    Elements(MemorySegment host) {
        this.origin = host;
        this.host = host;
    }

    Elements(Residence residence) {
        this.origin = null;
        this.residence = residence;
    }

    MemorySegment onHost() {
        MemorySegment data = host;
        return data != null ? data : moved();
    }

    private synchronized MemorySegment moved() {
        MemorySegment data = host;
        if (data != null) {
            return data;
        }
        Residence left = residence;
        if (left == null) {
            throw new IllegalStateException("the elements were discarded where they lay, in the memory of an engine");
        }
        data = left.toHost();
        host = data;
        residence = null;
        return data;
    }

    synchronized Optional<Residence> residence() {
        return Optional.ofNullable(residence);
    }

    synchronized void discard() {
        Residence left = residence;
        if (left != null) {
            residence = null;
            left.discard();
        }
    }

    boolean isSame(Elements other) {
        return this == other || origin != null && origin.equals(other.origin);
    }

    int hash() {
        return origin == null ? System.identityHashCode(this) : origin.hashCode();
    }

    @Override
    public String toString() {
        MemorySegment data = host;
        return data == null ? " in the memory of an engine" : " at " + Long.toHexString(data.address());
    }
}
