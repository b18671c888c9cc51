package dev.quantreel.engines.runtime.ort;

import dev.quantreel.engines.tensor.Residence;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A result of ONNX Runtime in its own memory. Thread-safe.
final class OrtResidence implements Residence {

    private final ResidentMemory memory;
    private final HeldValue held;

    OrtResidence(ResidentMemory memory, HeldValue held) {
        this.memory = memory;
        this.held = held;
    }

    /// The value for a run, which says [HeldValue#release] at its end; empty when it was given up meanwhile or is in
    /// the memory of another engine.
    Optional<HeldValue> retain(ResidentMemory asking) {
        return asking == memory && held.retain() ? Optional.of(held) : Optional.empty();
    }

    @Override
    public MemorySegment toHost() {
        return memory.toHost(held);
    }

    @Override
    public void discard() {
        held.giveUp();
    }
}
