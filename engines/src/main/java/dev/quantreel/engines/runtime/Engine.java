package dev.quantreel.engines.runtime;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Tensor;

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

    /// Whether quantized linears should reach this engine as Quantreel's own operators
    /// ([dev.quantreel.engines.onnx.OnnxOp#LowBitMatMul] and what makes its input), which it runs in one pass each.
    /// Others get them in operators of ONNX and ONNX Runtime.
    default boolean hasFusedLinears() {
        return false;
    }

    /// How often a session runs, which decides what is worth keeping between two runs.
    enum Use {
        /// Run after run, as the blocks of a transformer are: scratch memory is kept for the next.
        STEADY,
        /// Once per prompt, or with little work per run: scratch memory goes back after each.
        OCCASIONAL
    }

    /// Opens a model for a kind of use; results are the same for either.
    ///
    /// @throws EngineException as [#open(OnnxModel)]
    default Session open(OnnxModel model, Use use) {
        return open(model);
    }

    /// A tensor that graphs of this engine read again and again, where they read it without a copy. Its elements must
    /// not change afterwards.
    ///
    /// @return the tensor itself where there is no such place
    default Tensor place(Tensor tensor) {
        return tensor;
    }

    @Override
    void close();
}
