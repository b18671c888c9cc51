package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The values of a graph while it runs: activations as arrays of PyTorch, and what is known before. Everything is F32
/// there; the codes of quantized activations are whole numbers in it.
///
/// @param known by name, not to be differentiated
/// @param constants of `known` that became arrays; they outlive the run
/// @param constantManager owns those
/// @param manager owns the activations
/// @param arrays activations by name
record TorchValues(
        Map<String, Tensor> known,
        Map<String, NDArray> constants,
        NDManager constantManager,
        NDManager manager,
        Map<String, NDArray> arrays) {

    /// The values around, and others that a body adds; what becomes an array there lives as long as the run.
    TorchValues within(Map<String, Tensor> more) {
        Map<String, Tensor> all = new HashMap<>(known);
        all.putAll(more);
        return new TorchValues(all, new HashMap<>(constants), manager, manager, new HashMap<>(arrays));
    }

    NDArray array(String name) {
        NDArray array = arrays.get(name);
        return array != null ? array : constants.computeIfAbsent(name, this::constant);
    }

    private NDArray constant(String name) {
        Tensor tensor = known.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("value " + name + " is not defined");
        }
        return array(constantManager, tensor);
    }

    Optional<Tensor> known(String name) {
        return arrays.containsKey(name) ? Optional.empty() : Optional.ofNullable(known.get(name));
    }

    void put(String name, NDArray value) {
        value.attach(manager);
        arrays.put(name, value);
    }

    /// A copy as F32.
    static NDArray array(NDManager manager, Tensor tensor) {
        return manager.create(
                Conversions.toFloatArray(tensor),
                new ai.djl.ndarray.types.Shape(tensor.shape().toArray()));
    }
}
