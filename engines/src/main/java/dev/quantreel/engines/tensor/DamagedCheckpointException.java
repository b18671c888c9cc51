package dev.quantreel.engines.tensor;

/// A checkpoint is of a model that is supported, but the file is not whole: tensors are missing, or layouts mixed.
public final class DamagedCheckpointException extends UnsupportedCheckpointException {

    private static final long serialVersionUID = 1L;

    /// @param source [Checkpoint#source]
    /// @param message what is missing or mixed, and what to do
    public DamagedCheckpointException(String source, String message) {
        super(source, message);
    }
}
