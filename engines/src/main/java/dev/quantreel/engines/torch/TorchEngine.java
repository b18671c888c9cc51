package dev.quantreel.engines.torch;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import java.util.Optional;

/// PyTorch, where it is installed.
public final class TorchEngine {

    /// What to do where it is missing.
    public static final String HOW_TO_INSTALL =
            "./quantreel install training fetches it (115 MB, 430 MB unpacked), then start Quantreel again";

    private static final String NAME = "PyTorch";
    private static final String OFFLINE = "ai.djl.offline";

    /// PyTorch's threads spin while they wait for each other: where something else runs, as many as there are
    /// processors were seventeen times slower than half as many.
    private static final String THREADS = "ai.djl.pytorch.num_threads";

    private TorchEngine() {}

    /// Why nothing can be trained here, and what to do about it; empty where it can. Starts the engine.
    public static Optional<String> obstacle() {
        try {
            start();
            return Optional.empty();
        } catch (IllegalStateException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /// Never downloads: what is not in the jars on the class path is missing.
    ///
    /// @throws IllegalStateException when it is not installed or does not start; says what to do
    static Engine start() {
        setUnlessSet(OFFLINE, "true");
        setUnlessSet(THREADS, Integer.toString(Math.max(1, Runtime.getRuntime().availableProcessors() / 2)));
        if (!Engine.hasEngine(NAME)) {
            throw new IllegalStateException("training needs Deep Java Library's PyTorch engine, which is not part of"
                    + " Quantreel; " + HOW_TO_INSTALL);
        }
        try {
            return Engine.getEngine(NAME);
        } catch (EngineException | IllegalStateException | LinkageError e) {
            throw new IllegalStateException(
                    "Deep Java Library's PyTorch engine is there but does not start (" + e.getMessage() + "); "
                            + HOW_TO_INSTALL,
                    e);
        }
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
