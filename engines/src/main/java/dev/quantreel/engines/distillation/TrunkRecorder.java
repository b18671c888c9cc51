package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.WatchedSession;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// An engine that writes down what the blocks of a transformer are given, run after run.
///
/// @param engine does the work
/// @param runsBlocks whether the blocks run, or hand their tokens through, where nobody asks for what comes of them
/// @param inputs of each run of the blocks, in order
record TrunkRecorder(Engine engine, boolean runsBlocks, List<Map<String, Tensor>> inputs) implements Engine {

    static TrunkRecorder of(Engine engine, boolean runsBlocks) {
        return new TrunkRecorder(engine, runsBlocks, new ArrayList<>());
    }

    @Override
    public String id() {
        return engine.id();
    }

    @Override
    public String description() {
        return engine.description();
    }

    @Override
    public Session open(OnnxModel model) {
        return open(model, Use.STEADY);
    }

    @Override
    public Session open(OnnxModel model, Use use) {
        if (!SplitGraphs.isTrunk(model)) {
            return engine.open(model, use);
        }
        Session blocks = runsBlocks ? engine.open(model, use) : new Through(model);
        return new WatchedSession(blocks, given -> inputs.add(new HashMap<>(given)));
    }

    /// The engine is its owner's.
    @Override
    public void close() {}

    /// Blocks that change nothing.
    private record Through(OnnxModel model) implements Session {

        @Override
        public List<String> inputs() {
            return model.proto().getGraph().getInputList().stream()
                    .map(ValueInfoProto::getName)
                    .toList();
        }

        @Override
        public List<String> outputs() {
            return List.of(SplitGraphs.OUT);
        }

        @Override
        public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
            Tensor tokens = inputs.get(SplitGraphs.TOKENS);
            if (tokens == null) {
                throw new IllegalArgumentException("no tokens among " + inputs.keySet());
            }
            return Map.of(SplitGraphs.OUT, tokens);
        }

        @Override
        public void close() {}
    }
}
