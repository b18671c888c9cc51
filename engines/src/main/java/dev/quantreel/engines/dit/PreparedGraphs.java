package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Graphs of a transformer that were made beforehand for an engine, such as the typed ones of an export: blocks run all
/// at once, with activations of the bits that the graphs have. Blocks of another graph can serve the steps of few bits.
///
/// @param engine that opens them
/// @param graphs of which prelude and head serve all steps
/// @param trunkOfBoth both branches of guidance in one pass, where it was made
/// @param low what serves steps of few bits; empty where these graphs serve all
public record PreparedGraphs(
        Engine engine, SplitGraphs graphs, Optional<OnnxModel> trunkOfBoth, Optional<FewBits> low) {

    /// Input that [Switch] reads and its sessions do not have.
    private static final String BITS = "activation_bits";

    /// Text and trunk of steps of few bits.
    ///
    /// @param bits up to which
    /// @param engine that opens them
    /// @param graphs with the same inputs and outputs
    /// @param trunkOfBoth as that of [PreparedGraphs]
    public record FewBits(int bits, Engine engine, SplitGraphs graphs, Optional<OnnxModel> trunkOfBoth) {}

    /// What tells [Switch] the bits; emits nothing.
    ///
    /// @param emitted linears of the graphs
    LinearLayers linears(LinearLayers emitted) {
        return low.isEmpty() ? emitted : new Switched(emitted);
    }

    /// Opens all, or none when the engine cannot run one of them.
    ///
    /// @return sessions by the name of their part
    Map<String, Session> open() {
        Map<String, Session> sessions = new LinkedHashMap<>();
        try {
            opened(graphs.text(), low.flatMap(few -> few.graphs.text()), Engine.Use.OCCASIONAL)
                    .ifPresent(text -> sessions.put("TEXT", text));
            sessions.put("PRELUDE", engine.open(graphs.prelude(), Engine.Use.OCCASIONAL));
            opened(Optional.of(graphs.trunk()), low.map(few -> few.graphs.trunk()), Engine.Use.STEADY)
                    .ifPresent(trunk -> sessions.put("TRUNK", trunk));
            opened(trunkOfBoth, low.flatMap(FewBits::trunkOfBoth), Engine.Use.STEADY)
                    .ifPresent(trunk -> sessions.put("TRUNK_OF_BOTH", trunk));
            sessions.put("HEAD", engine.open(graphs.head(), Engine.Use.OCCASIONAL));
            return sessions;
        } catch (RuntimeException e) {
            sessions.values().forEach(Session::close);
            throw e;
        }
    }

    private Optional<Session> opened(Optional<OnnxModel> usual, Optional<OnnxModel> few, Engine.Use use) {
        if (usual.isEmpty()) {
            return Optional.empty();
        }
        Session session = engine.open(usual.get(), use);
        if (low.isEmpty() || few.isEmpty()) {
            return Optional.of(low.isEmpty() ? session : new Switch(session, session, 0));
        }
        try {
            return Optional.of(new Switch(session, low.get().engine.open(few.get(), use), low.get().bits));
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /// Runs one of two sessions.
    ///
    /// @param bits up to which `few` runs
    private record Switch(Session usual, Session few, int bits) implements Session {

        @Override
        public List<String> inputs() {
            List<String> names = new ArrayList<>(usual.inputs());
            names.add(BITS);
            return names;
        }

        @Override
        public List<String> outputs() {
            return usual.outputs();
        }

        @Override
        public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
            Map<String, Tensor> own = new HashMap<>(inputs);
            float asked = Objects.requireNonNull(own.remove(BITS), BITS).toFloatArray()[0];
            return (asked <= bits ? few : usual).run(own, cancellation);
        }

        @Override
        public void close() {
            usual.close();
            if (few != usual) {
                few.close();
            }
        }
    }

    /// Linears whose graphs have been emitted.
    private record Switched(LinearLayers emitted) implements LinearLayers {

        @Override
        public Map<String, Tensor> inputs(int activationBits) {
            return Map.of(BITS, Tensor.scalar(activationBits));
        }

        @Override
        public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
            return emitted.prepare(graph, x, layers);
        }

        @Override
        public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
            return emitted.apply(graph, input, layer);
        }

        @Override
        public Value operand(Input input, String layer) {
            return emitted.operand(input, layer);
        }

        @Override
        public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
            return emitted.modulation(graph, x, layer);
        }
    }
}
