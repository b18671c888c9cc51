package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The parts of a transformer's graphs that follow from the time alone: embedding of the timestep and modulation. They
/// are cut out of the graphs, opened when vectors are wanted, run for as many timesteps as are known, and closed, so
/// that their weights are not resident while the blocks run.
///
/// What the steps read is unchanged but for rounding: an engine may fuse other operations of the smaller graphs.
final class EarlyGraphs {

    private final Engine engine;
    private final Map<Part, OnnxModel> models = new EnumMap<>(Part.class);
    private Set<String> signals;

    /// A graph of which a part is computed early.
    enum Part {
        PRELUDE,
        TRUNK,
        TRUNK_OF_BOTH,
        HEAD
    }

    /// @param timeInputs of the prelude, see [TransformerArchitecture#timeInputs]
    EarlyGraphs(Engine engine, Set<String> timeInputs) {
        this.engine = engine;
        this.signals = Set.copyOf(timeInputs);
    }

    /// Takes the early part out of a graph. The prelude comes first: what it puts out early is what the others know.
    ///
    /// @return what is left; the whole where no product follows from the time
    OnnxModel without(Part part, OnnxModel whole) {
        Optional<GraphCut> cut = GraphCut.behindProductsOf(whole, known(part));
        if (part == Part.PRELUDE) {
            signals = cut.map(GraphCut::values).map(Set::copyOf).orElse(Set.of());
        }
        if (cut.isEmpty()) {
            return whole;
        }
        OnnxModel early = cut.get().first();
        models.put(part, early);
        evict(early);
        return cut.get().rest(DType.F32);
    }

    private Set<String> known(Part part) {
        if (part != Part.TRUNK_OF_BOTH) {
            return signals;
        }
        Set<String> both = new TreeSet<>(signals);
        signals.forEach(name -> both.add(BranchAxis.SECOND + name));
        return both;
    }

    boolean has(Part part) {
        return models.containsKey(part);
    }

    /// An opened early part.
    interface Run extends AutoCloseable {

        /// The vectors of one time.
        ///
        /// @param pool holds what the part reads, by name
        Map<String, Tensor> vectors(Map<String, Tensor> pool);

        /// Names of what it reads.
        List<String> inputs();

        @Override
        void close();
    }

    /// Opens an early part for some times.
    Run open(Part part, CancellationToken cancellation) {
        OnnxModel model = Objects.requireNonNull(models.get(part), part.name());
        Session session = engine.open(model, Engine.Use.OCCASIONAL);
        return new Run() {
            @Override
            public Map<String, Tensor> vectors(Map<String, Tensor> pool) {
                Map<String, Tensor> inputs = new HashMap<>();
                for (String name : session.inputs()) {
                    inputs.put(name, Pools.required(pool, name));
                }
                return session.run(inputs, cancellation);
            }

            @Override
            public List<String> inputs() {
                return session.inputs();
            }

            @Override
            public void close() {
                session.close();
                evict(model);
            }
        };
    }

    private static void evict(OnnxModel model) {
        model.weights().values().forEach(Tensor::evict);
    }
}
