package dev.quantreel.engines.tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.Supplier;

/// A checkpoint whose tensors lie in memory, in the order given: quantized weights before they are saved, or tests.
public final class MemoryCheckpoint implements Checkpoint {

    private final String source;
    private final SequencedMap<String, Tensor> tensors;
    private final Map<String, String> metadata;
    private final Supplier<String> digest = CheckpointDigest.cached(this);

    /// @param source description for messages, for example `model.safetensors, BGR W4`
    /// @param tensors copied; the tensors themselves are shared and must not change any more
    public MemoryCheckpoint(String source, Map<String, Tensor> tensors, Map<String, String> metadata) {
        this.source = source;
        this.tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
        this.metadata = Map.copyOf(metadata);
    }

    @Override
    public SequencedSet<String> names() {
        return tensors.sequencedKeySet();
    }

    @Override
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw MissingTensor.of(this, name);
        }
        return tensor;
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public String digest() {
        return digest.get();
    }
}
