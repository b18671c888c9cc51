package dev.quantreel.engines.safetensors;

import dev.quantreel.engines.tensor.CheckpointException;
import org.jspecify.annotations.Nullable;

/// A safetensors file cannot be read or written; the message begins with the file and names the tensor where one is
/// meant.
public final class SafetensorsException extends CheckpointException {

    private static final long serialVersionUID = 1L;

    SafetensorsException(String file, String message) {
        super(file, message);
    }

    SafetensorsException(String file, String message, @Nullable Throwable cause) {
        super(file, message, cause);
    }

    private SafetensorsException(String file, String message, boolean foreign) {
        super(file, message, null, foreign);
    }

    /// Of a file that is not damaged, see [#isForeign].
    static SafetensorsException foreign(String file, String message) {
        return new SafetensorsException(file, message, true);
    }

    static SafetensorsException of(String file, String tensor, String message) {
        return new SafetensorsException(file, "tensor '" + abbreviated(tensor) + "': " + message);
    }
}
