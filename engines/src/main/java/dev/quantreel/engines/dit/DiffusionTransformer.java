package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A diffusion transformer opened on an engine. Not thread-safe; closed by whoever opened it, after the models bound to
/// it are no longer used.
public final class DiffusionTransformer implements AutoCloseable {

    private final TransformerArchitecture architecture;
    private final LinearLayers linears;
    private final LayerProbe probe;
    private final boolean readsText;
    private final List<Session> sessions;

    private DiffusionTransformer(
            TransformerArchitecture architecture,
            LinearLayers linears,
            LayerProbe probe,
            boolean readsText,
            List<Session> sessions) {
        this.architecture = architecture;
        this.linears = linears;
        this.probe = probe;
        this.readsText = readsText;
        this.sessions = List.copyOf(sessions);
    }

    /// Builds the graphs and opens them.
    ///
    /// @param linears emits the linears of the blocks, [FloatLinears] for full precision
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a weight is not finite
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run a graph
    public static DiffusionTransformer open(Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears) {
        return open(engine, checkpoint, linears, LayerProbe.NONE);
    }

    /// Like [#open(Engine, TransformerCheckpoint, LinearLayers)], and watches the inputs of some layers.
    public static DiffusionTransformer open(
            Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears, LayerProbe probe) {
        SplitGraphs graphs =
                checkpoint.graphs(linears, new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, probe.layers()));
        List<Session> sessions = new ArrayList<>();
        try {
            for (OnnxModel model : graphs.all()) {
                sessions.add(engine.open(model));
            }
            return new DiffusionTransformer(
                    checkpoint.architecture(), linears, probe, graphs.text().isPresent(), sessions);
        } catch (RuntimeException e) {
            sessions.forEach(Session::close);
            throw e;
        }
    }

    public TransformerArchitecture architecture() {
        return architecture;
    }

    public TransformerFacts facts() {
        return architecture.facts();
    }

    /// Binds what leads both branches of classifier-free guidance.
    ///
    /// @param conditional the prompt
    /// @param unconditional the negative or empty prompt; the same value when guidance is off
    /// @throws IllegalArgumentException when one does not fit the model, see
    /// [TransformerArchitecture#conditioningInputs]
    public SplitModel bind(BranchConditioning conditional, BranchConditioning unconditional) {
        return new BoundTransformer(this, conditional, unconditional);
    }

    /// Binds prompts of one encoder whose tokens are all real.
    ///
    /// @param conditional F32 `[1, tokens, width]`
    /// @param unconditional the same of the negative prompt
    public SplitModel bind(Tensor conditional, Tensor unconditional) {
        BranchConditioning positive = BranchConditioning.of(conditional);
        return bind(positive, conditional == unconditional ? positive : BranchConditioning.of(unconditional));
    }

    boolean readsText() {
        return readsText;
    }

    /// Runs the text graph.
    Map<String, Tensor> runText(Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> outputs =
                new HashMap<>(runWithLinears(sessions.getFirst(), pool, activationBits, cancellation));
        outputs.keySet().removeIf(name -> name.startsWith(SplitGraphs.RECORDED));
        return outputs;
    }

    Map<String, Tensor> runPrelude(Map<String, Tensor> pool, CancellationToken cancellation) {
        Session prelude = sessions.get(sessions.size() - 3);
        return prelude.run(taken(prelude, pool), cancellation);
    }

    Tensor runTrunk(Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Session trunk = sessions.get(sessions.size() - 2);
        return required(runWithLinears(trunk, pool, activationBits, cancellation), SplitGraphs.OUT);
    }

    Tensor runHead(Map<String, Tensor> pool, CancellationToken cancellation) {
        Session head = sessions.getLast();
        return head.run(taken(head, pool), SplitGraphs.PREDICTION, cancellation);
    }

    /// Key under which results that depend on activation bits may be kept: all bits alike where the linears do not
    /// care.
    int bitsKey(int activationBits) {
        return linears.inputs(activationBits).isEmpty() ? 0 : activationBits;
    }

    static Tensor required(Map<String, Tensor> outputs, String name) {
        Tensor output = outputs.get(name);
        if (output == null) {
            throw new IllegalStateException("no output " + name + " among " + outputs.keySet());
        }
        return output;
    }

    /// What a graph declares, out of what there is.
    private static Map<String, Tensor> taken(Session session, Map<String, Tensor> pool) {
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

    private Map<String, Tensor> runWithLinears(
            Session session, Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> all = new HashMap<>(pool);
        all.putAll(linears.inputs(activationBits));
        Map<String, Tensor> outputs = session.run(taken(session, all), cancellation);
        outputs.forEach((name, value) -> {
            if (name.startsWith(SplitGraphs.RECORDED)) {
                probe.listener().observe(name.substring(SplitGraphs.RECORDED.length()), value);
            }
        });
        return outputs;
    }

    @Override
    public void close() {
        sessions.forEach(Session::close);
    }
}
