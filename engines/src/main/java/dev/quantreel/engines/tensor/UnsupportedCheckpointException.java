package dev.quantreel.engines.tensor;

/// A checkpoint is readable but is not what the model family needs: another family, missing or surplus tensors, wrong
/// shapes, values that are not finite.
public class UnsupportedCheckpointException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /// @param source [Checkpoint#source]
    /// @param message what is wrong, naming tensor and value, and what would be accepted
    public UnsupportedCheckpointException(String source, String message) {
        super(source + ": " + message);
    }
}
