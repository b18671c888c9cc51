package dev.quantreel.engines.runtime;

import org.jspecify.annotations.Nullable;

/// An inference engine refused a model or failed while running it.
public class EngineException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String engine;

    /// @param engine id of the engine, for example `ort-cpu`
    /// @param message what failed, naming the model and the value, and what would be accepted
    public EngineException(String engine, String message, @Nullable Throwable cause) {
        super(engine + ": " + message, cause);
        this.engine = engine;
    }

    public String engine() {
        return engine;
    }
}
