package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import java.util.Optional;

/// Recognises one kind of model from names and shapes; reads no weights. Stateless.
@FunctionalInterface
public interface ModelRecogniser {

    /// What the file is, or empty when it is nothing of this kind.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is of this kind but cannot be
    /// used: a variant that is not supported, tensors missing, layouts mixed
    Optional<ModelCard> recognise(CheckpointFile file);
}
