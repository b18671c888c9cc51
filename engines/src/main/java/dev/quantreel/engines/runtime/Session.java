package dev.quantreel.engines.runtime;

import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;

/// A model made ready to run on one engine. Not thread-safe unless the engine says so; closed by whoever opened it.
public interface Session extends AutoCloseable {

    /// Names of the graph inputs, in graph order.
    List<String> inputs();

    /// Names of the graph outputs, in graph order.
    List<String> outputs();

    /// Runs the graph once. Inputs are read, not kept; outputs are new tensors in garbage-collected native memory.
    ///
    /// @throws EngineException when an input is missing or has another type or shape than the graph declares, or
    /// the engine fails
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation);

    /// Runs the graph once for a single output.
    ///
    /// @throws IllegalArgumentException when there is no such output
    default Tensor run(Map<String, Tensor> inputs, String output, CancellationToken cancellation) {
        Tensor value = run(inputs, cancellation).get(output);
        if (value == null) {
            throw new IllegalArgumentException("there is no output " + output + "; the outputs are " + outputs());
        }
        return value;
    }

    @Override
    void close();
}
