package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;

/// ONNX Runtime on the CPU. Thread-safe; sessions stay open when the engine is closed.
public final class OrtEngine implements Engine {

    private final OrtEnvironment environment;
    private final int threads;

    OrtEngine(OrtEnvironment environment, EngineOptions options) {
        this.environment = environment;
        this.threads =
                options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
    }

    @Override
    public String id() {
        return OrtEngineProvider.ID;
    }

    @Override
    public String description() {
        return "ONNX Runtime " + environment.getVersion() + ", CPU, " + threads
                + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public Session open(OnnxModel model) {
        return open(model, Use.STEADY);
    }

    @Override
    public Session open(OnnxModel model, Use use) {
        return new OrtModelLoader(new CpuTarget(environment), threads, use).open(model);
    }

    /// Nothing to release: the environment belongs to the process.
    @Override
    public void close() {}
}
