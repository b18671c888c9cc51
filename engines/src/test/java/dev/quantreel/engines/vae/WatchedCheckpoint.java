package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Set;

/// Notes which tensors are read.
record WatchedCheckpoint(Checkpoint beneath, Set<String> read) implements CheckpointView {

    @Override
    public Tensor tensor(String name) {
        read.add(name);
        return beneath.tensor(name);
    }
}
