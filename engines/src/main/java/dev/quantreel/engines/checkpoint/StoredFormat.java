package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.Optional;
import java.util.ServiceLoader;

/// A way of storing weights in safetensors that another package knows. Stateless; registered through
/// [java.util.ServiceLoader].
public interface StoredFormat {

    /// A file as the model needs it.
    ///
    /// @param view decodes; its names are those of the model
    /// @param precision for people, see [CheckpointFormat#precision]
    record Decoded(Checkpoint view, String precision) {}

    /// Recognises the format by the header; reads no weight.
    ///
    /// @return empty when it is another format
    /// @throws CheckpointException when it is of this format but damaged, unfinished, or of a later version
    Optional<Decoded> decode(Checkpoint stored);

    /// The format that recognises a file; empty when none does.
    ///
    /// @throws CheckpointException as [#decode]
    static Optional<Decoded> find(Checkpoint stored) {
        return ServiceLoader.load(StoredFormat.class).stream()
                .map(provider -> provider.get().decode(stored))
                .flatMap(Optional::stream)
                .findFirst();
    }
}
