package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.SequencedSet;

/// A file under canonical names, before its sizes are known.
///
/// @param file as it is stored
/// @param prefix of the transformer's tensors in it
/// @param layout translates names
record LayoutView(Checkpoint file, String prefix, KeyLayout layout) implements Checkpoint {

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
    public DType dtype(String name) {
        return file.dtype(slice(name).name());
    }

    @Override
    public long storedBytes(String name) {
        TensorSlice slice = slice(name);
        return file.storedBytes(slice.name()) / slice.parts() * slice.count();
    }

    @Override
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public String source() {
        return file.source();
    }

    @Override
    public String digest() {
        return file.digest();
    }
}
