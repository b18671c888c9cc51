package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;

/// Notes which tensors are read.
record WatchedCheckpoint(Checkpoint file, Set<String> read) implements Checkpoint {

    @Override
    public SequencedSet<String> names() {
        return file.names();
    }

    @Override
    public Tensor tensor(String name) {
        read.add(name);
        return file.tensor(name);
    }

    @Override
    public Shape shape(String name) {
        return file.shape(name);
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
