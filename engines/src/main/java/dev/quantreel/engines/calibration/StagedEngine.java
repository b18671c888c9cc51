package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.StagedTrunk;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.WatchedSession;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// An engine that runs the blocks of a transformer one at a time and gives the memory of each one's weights back behind
/// it, and tells what text graph and blocks are given. Recorded inputs of layers do not leave the graphs it runs: it
/// keeps the models that have them ([#model]).
final class StagedEngine implements Engine {

    private final Engine engine;
    private final List<String> layers;
    private final Listener listener;
    private final Map<Part, OnnxModel> models = new EnumMap<>(Part.class);

    /// A graph whose layers are watched.
    enum Part {
        TEXT,
        TRUNK
    }

    /// Hears of every run.
    interface Listener {
        /// @param inputs as the graph is given them
        void run(Part part, Map<String, Tensor> inputs);

        /// A block was run.
        void blockDone();
    }

    /// @param layers linears of the blocks
    StagedEngine(Engine engine, List<String> layers, Listener listener) {
        this.engine = engine;
        this.layers = layers;
        this.listener = listener;
    }

    /// A graph as it was given, recorded inputs among its outputs; empty where no layer of it is watched.
    Optional<OnnxModel> model(Part part) {
        return Optional.ofNullable(models.get(part));
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
        Set<String> recorded = StagedTrunk.recorded(model);
        OnnxModel plain = StagedTrunk.without(model, recorded);
        if (SplitGraphs.isTrunk(model)) {
            models.put(Part.TRUNK, model);
            return new Staged(plain);
        }
        if (recorded.isEmpty()) {
            return engine.open(model, use);
        }
        models.put(Part.TEXT, model);
        return new WatchedSession(engine.open(plain, use), inputs -> listener.run(Part.TEXT, inputs));
    }

    /// The engine is its owner's.
    @Override
    public void close() {}

    /// A block and what later ones still read.
    ///
    /// @param needed empty until the stage ran once
    private record Opened(StagedTrunk.Stage stage, Session session, Optional<Set<String>> needed) {}

    /// The blocks, opened when they are first run.
    private final class Staged implements Session {
        private final List<String> inputs;
        private final List<Optional<String>> ends;
        private final StagedTrunk trunk;
        private final List<Opened> opened = new ArrayList<>();
        private final TensorPool pool = new TensorPool();

        Staged(OnnxModel model) {
            this.inputs = model.proto().getGraph().getInputList().stream()
                    .map(ValueInfoProto::getName)
                    .toList();
            this.ends = StagedTrunk.ends(model, layers, 1);
            this.trunk = new StagedTrunk(model);
        }

        @Override
        public List<String> inputs() {
            return inputs;
        }

        @Override
        public List<String> outputs() {
            return List.of(SplitGraphs.OUT);
        }

        @Override
        public Map<String, Tensor> run(Map<String, Tensor> given, CancellationToken cancellation) {
            listener.run(Part.TRUNK, given);
            Map<String, Tensor> state = new HashMap<>(given);
            for (int i = 0; i < ends.size() - 1; i++) {
                Map<String, Tensor> outputs = pool.run(session(i), state, cancellation);
                Opened own = opened.get(i);
                if (own.needed.isEmpty()) {
                    trunk.advance(own.stage, outputs);
                    opened.set(i, new Opened(own.stage, own.session, Optional.of(trunk.inputs())));
                }
                finish(i, state, outputs);
            }
            int last = ends.size() - 1;
            Session session = session(last);
            Tensor out = Objects.requireNonNull(
                    session.run(TensorPool.taken(session, state), cancellation).get(SplitGraphs.OUT));
            finish(last, state, Map.of());
            return Map.of(SplitGraphs.OUT, out);
        }

        private Session session(int index) {
            if (index == opened.size()) {
                StagedTrunk.Stage stage = trunk.stage(ends.get(index));
                opened.add(new Opened(stage, engine.open(stage.model(), Use.STEADY), Optional.empty()));
            }
            return opened.get(index).session;
        }

        private void finish(int index, Map<String, Tensor> state, Map<String, Tensor> outputs) {
            Opened own = opened.get(index);
            own.stage.model().weights().values().forEach(Tensor::evict);
            Set<String> needed = own.needed.orElse(Set.of());
            state.putAll(outputs);
            state.entrySet().removeIf(entry -> {
                boolean dropped = !needed.contains(entry.getKey());
                if (dropped) {
                    pool.giveBack(entry.getValue());
                }
                return dropped;
            });
            listener.blockDone();
        }

        @Override
        public void close() {
            opened.forEach(own -> own.session.close());
            pool.close();
        }
    }
}
