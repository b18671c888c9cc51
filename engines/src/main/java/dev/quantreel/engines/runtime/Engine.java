package dev.quantreel.engines.runtime;

import dev.quantreel.engines.onnx.OnnxModel;

/// An inference backend that is ready to open models. Thread-safe.
public interface Engine extends AutoCloseable {

    /// Stable id, for example `ort-cpu` or `reference`.
    String id();

    /// What it runs on, for people: "ONNX Runtime 1.29.0, CPU, 2 threads".
    String description();

    /// Opens a model. Its weights are read here and not later: their memory may be released afterwards.
    ///
    /// @throws EngineException when the engine cannot run it; the message names the model and the reason
    Session open(OnnxModel model);

    @Override
    void close();
}
