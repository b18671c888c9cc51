package dev.quantreel.engines.dit;

import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/// Tensors by name, out of which graphs take what they declare.
final class Pools {

    private Pools() {}

    static Tensor required(Map<String, Tensor> outputs, String name) {
        Tensor output = outputs.get(name);
        if (output == null) {
            throw new IllegalStateException("no output " + name + " among " + outputs.keySet());
        }
        return output;
    }

    /// What a graph declares, out of what there is.
    static Map<String, Tensor> taken(Session session, Map<String, Tensor> pool) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (String name : session.inputs()) {
            Tensor tensor = pool.get(name);
            if (tensor == null) {
                throw new IllegalStateException("no tensor for input " + name + " among " + pool.keySet());
            }
            inputs.put(name, tensor);
        }
        return inputs;
    }
}
