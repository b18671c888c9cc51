package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtModelLoader;
import dev.quantreel.engines.tensor.Tensor;

/// ONNX Runtime on a device of Deep Java Library. Thread-safe; sessions stay open when the engine is closed.
final class DjlEngine implements Engine {

    private final DjlTarget target;
    private final int threads;

    /// @param threads for what runs on the processor; 0 for as many as it has
    DjlEngine(DjlTarget target, int threads) {
        this.target = target;
        this.threads = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    }

    @Override
    public String id() {
        return target.engine();
    }

    @Override
    public String description() {
        return target.describe() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public Session open(OnnxModel model) {
        return open(model, Use.STEADY);
    }

    @Override
    public Session open(OnnxModel model, Use use) {
        return new OrtModelLoader(target, threads, use).open(model);
    }

    @Override
    public Tensor place(Tensor tensor) {
        return target.residents().map(residents -> residents.place(tensor)).orElse(tensor);
    }

    /// Nothing to release: the environment belongs to the process.
    @Override
    public void close() {}
}
