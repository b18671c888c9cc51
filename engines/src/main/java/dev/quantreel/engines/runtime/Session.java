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

    /// Runs the graph once. Inputs are read, not kept; outputs are new tensors in garbage-collected native
    /// memory, or in the engine's own ([Tensor#residence]) until they are read on the host.
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

    /// Runs the graph once into memory that the caller owns, so that large results (the state of a streaming
    /// decoder) live exactly as long as the caller wants.
    ///
    /// @param outputs where results go, by output name: native tensors of the type and shape that the run
    /// gives, not among the inputs; outputs that are not named here are computed and dropped
    /// @throws IllegalArgumentException when there is no such output
    /// @throws EngineException as [#run(Map, CancellationToken)], also when a result has another shape than its
    /// target
    default void runInto(Map<String, Tensor> inputs, Map<String, Tensor> outputs, CancellationToken cancellation) {
        Map<String, Tensor> results = run(inputs, cancellation);
        outputs.forEach((name, target) -> {
            Tensor result = results.get(name);
            if (result == null) {
                throw new IllegalArgumentException("there is no output " + name + "; the outputs are " + outputs());
            }
            if (result.dtype() != target.dtype() || !result.shape().equals(target.shape())) {
                throw new EngineException(
                        "session",
                        "output " + name + " is " + result.dtype() + result.shape() + ", its target " + target.dtype()
                                + target.shape(),
                        null);
            }
            target.data().copyFrom(result.data());
        });
    }

    @Override
    void close();
}
