package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A Wan 2.1 text-to-video transformer opened on an engine. Not thread-safe; closed by whoever opened it, after the
/// models bound to it are no longer used.
public final class DiffusionTransformer implements AutoCloseable {

    private final WanConfig config;
    private final LinearLayers linears;
    private final LayerProbe probe;
    private final Session text;
    private final Session prelude;
    private final Session trunk;
    private final Session head;

    private DiffusionTransformer(WanConfig config, LinearLayers linears, LayerProbe probe, List<Session> sessions) {
        this.config = config;
        this.linears = linears;
        this.probe = probe;
        this.text = sessions.get(0);
        this.prelude = sessions.get(1);
        this.trunk = sessions.get(2);
        this.head = sessions.get(3);
    }

    /// Builds the graphs and opens them.
    ///
    /// @param linears emits the linears of the blocks, [FloatLinears] for full precision
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a weight is not finite
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run a graph
    public static DiffusionTransformer open(Engine engine, WanCheckpoint checkpoint, LinearLayers linears) {
        return open(engine, checkpoint, linears, LayerProbe.NONE);
    }

    /// Like [#open(Engine, WanCheckpoint, LinearLayers)], and watches the inputs of some layers.
    public static DiffusionTransformer open(
            Engine engine, WanCheckpoint checkpoint, LinearLayers linears, LayerProbe probe) {
        WanGraphs graphs =
                WanGraphs.build(checkpoint, linears, new WanGraphs.Options(Dialect.ONNX_RUNTIME, probe.layers()));
        List<Session> sessions = new ArrayList<>();
        try {
            for (var model : List.of(graphs.text(), graphs.prelude(), graphs.trunk(), graphs.head())) {
                sessions.add(engine.open(model));
            }
            return new DiffusionTransformer(checkpoint.config(), linears, probe, sessions);
        } catch (RuntimeException e) {
            sessions.forEach(Session::close);
            throw e;
        }
    }

    public WanConfig config() {
        return config;
    }

    /// Binds the text of both branches of classifier-free guidance.
    ///
    /// @param conditionalText F32 `[1, tokens, textDim]`, the text encoder's output, zero beyond the prompt and
    /// padded to [WanConfig#textLength]
    /// @param unconditionalText the same of the negative or empty prompt; the same tensor when guidance is off
    /// @throws IllegalArgumentException when a text has another type or width
    public SplitModel bind(Tensor conditionalText, Tensor unconditionalText) {
        requireText("conditional", conditionalText);
        requireText("unconditional", unconditionalText);
        return new BoundTransformer(this, conditionalText, unconditionalText);
    }

    private void requireText(String branch, Tensor context) {
        boolean fits = context.dtype() == DType.F32
                && context.shape().rank() == 3
                && context.shape().dim(0) == 1
                && context.shape().dim(2) == config.textDim();
        if (!fits) {
            throw new IllegalArgumentException("the " + branch + " text is " + context.dtype() + context.shape()
                    + "; this model takes F32[1xtokensx" + config.textDim()
                    + "]: use the text encoder that belongs to it");
        }
    }

    Map<String, Tensor> runText(Tensor context, int activationBits, CancellationToken cancellation) {
        return runWithLinears(text, Map.of("context", context), activationBits, cancellation);
    }

    Map<String, Tensor> runPrelude(Map<String, Tensor> inputs, CancellationToken cancellation) {
        return prelude.run(inputs, cancellation);
    }

    Tensor runTrunk(Map<String, Tensor> inputs, int activationBits, CancellationToken cancellation) {
        return required(runWithLinears(trunk, inputs, activationBits, cancellation), "out");
    }

    Tensor runHead(Map<String, Tensor> inputs, CancellationToken cancellation) {
        return head.run(inputs, "velocity", cancellation);
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

    private Map<String, Tensor> runWithLinears(
            Session session, Map<String, Tensor> inputs, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> all = new HashMap<>(inputs);
        all.putAll(linears.inputs(activationBits));
        Map<String, Tensor> outputs = session.run(all, cancellation);
        outputs.forEach((name, value) -> {
            if (name.startsWith(WanGraphs.RECORDED)) {
                probe.listener().observe(name.substring(WanGraphs.RECORDED.length()), value);
            }
        });
        return outputs;
    }

    @Override
    public void close() {
        text.close();
        prelude.close();
        trunk.close();
        head.close();
    }
}
