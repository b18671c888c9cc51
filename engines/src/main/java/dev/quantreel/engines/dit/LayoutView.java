package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.SequencedSet;

/// A file under canonical names, before its sizes are known.
///
/// @param file as it is stored
/// @param prefix of the transformer's tensors in it
/// @param layout translates names
record LayoutView(Checkpoint file, String prefix, KeyLayout layout) implements CheckpointView {

    TensorSlice slice(String canonical) {
        return layout.locate(canonical).prefixed(prefix);
    }

    @Override
    public SequencedSet<String> names() {
        throw new UnsupportedOperationException("canonical names are known only after the sizes were read");
    }

    @Override
    public boolean contains(String name) {
        return file.contains(slice(name).name());
    }

    @Override
    public Tensor tensor(String name) {
        TensorSlice slice = slice(name);
        return slice.of(file.tensor(slice.name()));
    }

    @Override
    public Shape shape(String name) {
        TensorSlice slice = slice(name);
        return slice.of(file.shape(slice.name()));
    }

    @Override
    public long storedBytes(String name) {
        TensorSlice slice = slice(name);
        return file.storedBytes(slice.name()) / slice.parts() * slice.count();
    }

    @Override
    public Checkpoint beneath() {
        return file;
    }

    @Override
    public String nameBeneath(String name) {
        return slice(name).name();
    }
}
