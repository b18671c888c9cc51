package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/// A stored checkpoint with its packed tensors decoded on demand and what they need beside them hidden.
final class DecodedCheckpoint implements CheckpointView {

    private final Checkpoint stored;
    private final Map<String, PackedTensor> packed;
    private final SequencedSet<String> names;
    private final Map<String, String> metadata;

    /// @param packed by name; replaces the stored tensor of this name, or adds one
    /// @param hidden stored names that are no tensors of the model
    /// @param added metadata that the file itself does not have; the file's own wins
    DecodedCheckpoint(
            Checkpoint stored, Map<String, PackedTensor> packed, Collection<String> hidden, Map<String, String> added) {
        this.stored = stored;
        this.packed = Map.copyOf(packed);
        SequencedSet<String> visible = new LinkedHashSet<>(stored.names());
        visible.removeAll(new LinkedHashSet<>(hidden));
        this.names = Collections.unmodifiableSequencedSet(visible);
        Map<String, String> all = new LinkedHashMap<>(added);
        all.putAll(stored.metadata());
        this.metadata = Collections.unmodifiableMap(all);
    }

    @Override
    public SequencedSet<String> names() {
        return names;
    }

    @Override
    public Tensor tensor(String name) {
        PackedTensor tensor = find(name);
        return tensor == null ? stored.tensor(name) : tensor.decode();
    }

    @Override
    public Shape shape(String name) {
        PackedTensor tensor = find(name);
        return tensor == null ? stored.shape(name) : tensor.shape();
    }

    @Override
    public DType dtype(String name) {
        PackedTensor tensor = find(name);
        return tensor == null ? stored.dtype(name) : tensor.dtype();
    }

    @Override
    public long storedBytes(String name) {
        PackedTensor tensor = find(name);
        return tensor == null ? stored.storedBytes(name) : tensor.storedBytes();
    }

    private @Nullable PackedTensor find(String name) {
        if (!names.contains(name)) {
            throw MissingTensor.of(this, name);
        }
        return packed.get(name);
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public Checkpoint beneath() {
        return stored;
    }
}
