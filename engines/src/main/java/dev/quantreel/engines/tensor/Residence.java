package dev.quantreel.engines.tensor;

import java.lang.foreign.MemorySegment;

/// Memory of an engine, on a device or on the host, that holds the elements of a tensor. Held and called by the tensor
/// alone, which asks for one of the two methods at most once; the engine that made it looks at its own class.
public interface Residence {

    /// The elements on the host, after which this memory is given up.
    ///
    /// @return as many bytes as the tensor has, alive as long as somebody holds them
    MemorySegment toHost();

    /// Gives the memory up.
    void discard();
}
