package dev.quantreel.engines.tensor;

import java.util.Map;
import java.util.SequencedSet;

/// A checkpoint that shows another: under other names, decoded, or with something merged into it. Whatever a view does
/// not override is what the checkpoint beneath has.
public interface CheckpointView extends Checkpoint {

    /// The checkpoint that is shown.
    Checkpoint beneath();

    /// What the checkpoint beneath calls a tensor of this one.
    ///
    /// @throws IllegalArgumentException where the view knows that it has no such tensor
    default String nameBeneath(String name) {
        return name;
    }

    @Override
    default SequencedSet<String> names() {
        return beneath().names();
    }

    @Override
    default Tensor tensor(String name) {
        return beneath().tensor(nameBeneath(name));
    }

    @Override
    default Shape shape(String name) {
        return beneath().shape(nameBeneath(name));
    }

    @Override
    default DType dtype(String name) {
        return beneath().dtype(nameBeneath(name));
    }

    @Override
    default long storedBytes(String name) {
        return beneath().storedBytes(nameBeneath(name));
    }

    @Override
    default Map<String, String> metadata() {
        return beneath().metadata();
    }

    @Override
    default String source() {
        return beneath().source();
    }

    @Override
    default String digest() {
        return beneath().digest();
    }
}
