package dev.quantreel.engines.video;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A video could not be written or read; the message names the file and the reason.
public final class VideoException extends IOException {

    private static final long serialVersionUID = 1L;

    /// @param message what failed, naming the file
    public VideoException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
