package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.StagedTrunk;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// One version of a model, run stage by stage over all examples: what is in the blocks between two stages.
final class BlockChain {

    private final StagedTrunk trunk;
    private List<Map<String, Tensor>> states;

    /// @param inputs of the trunk, one entry per example
    BlockChain(OnnxModel trunk, List<Map<String, Tensor>> inputs) {
        this.trunk = new StagedTrunk(trunk);
        this.states = List.copyOf(inputs);
    }

    StagedTrunk trunk() {
        return trunk;
    }

    /// What the next stage can read, per example.
    List<Map<String, Tensor>> states() {
        return states;
    }

    /// Runs a stage over all examples.
    ///
    /// @param parameters inputs that all examples share
    /// @return its outputs per example, in the order of [StagedTrunk.Stage#outputs]
    List<List<Tensor>> run(
            StagedTrunk.Stage stage, Map<String, Tensor> parameters, Engine engine, CancellationToken cancellation) {
        List<List<Tensor>> results = new ArrayList<>();
        try (Session session = engine.open(stage.model(), Engine.Use.STEADY)) {
            for (Map<String, Tensor> state : states) {
                Map<String, Tensor> inputs = new HashMap<>(state);
                inputs.putAll(parameters);
                inputs.keySet().retainAll(session.inputs());
                Map<String, Tensor> outputs = session.run(inputs, cancellation);
                results.add(stage.outputs().stream()
                        .map(name -> Objects.requireNonNull(outputs.get(name), name))
                        .toList());
            }
        }
        return results;
    }

    /// Goes on behind a stage with what came of it.
    void advance(StagedTrunk.Stage stage, List<List<Tensor>> outputs) {
        List<Map<String, Tensor>> next = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            Map<String, Tensor> state = new HashMap<>(states.get(i));
            for (int j = 0; j < stage.outputs().size(); j++) {
                state.put(stage.outputs().get(j), outputs.get(i).get(j));
            }
            next.add(state);
        }
        trunk.advance(stage, next.getFirst());
        next.forEach(state -> state.keySet().retainAll(trunk.inputs()));
        states = next;
    }
}
