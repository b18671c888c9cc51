package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.AdaLnSingle;
import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.ClipPatches;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Emits the graphs of an LTX-Video transformer. The arithmetic is that of `LTXVideoTransformer3DModel` of diffusers.
///
/// Block 0 is modulated in the prelude, where step caches watch the result; the trunk reads it from there.
final class LtxGraphBuilder {

    /// What modulates block 0, output of the prelude.
    private static final String FIRST_MODULATION = "first_modulation";

    private static final Dim ONE = Dim.of(1);
    private static final Dim TIMESTEPS = Dim.of("timesteps");
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");
    private static final Dim VECTORS = Dim.of(AdaLnSingle.VECTORS);

    private final LtxConfig config;
    private final Dim width;
    private final FloatWeights weights;
    private final FloatLinears floats;
    private final LinearLayers linears;
    private final Dialect dialect;

    LtxGraphBuilder(LtxConfig config, FloatWeights weights, LinearLayers linears, Dialect dialect) {
        this.config = config;
        this.width = Dim.of(config.dim());
        this.weights = weights;
        this.floats = new FloatLinears(weights);
        this.linears = linears;
        this.dialect = dialect;
    }

    SplitGraphs graphs() {
        return new SplitGraphs(Optional.of(text()), prelude(), trunk(1), head());
    }

    private OnnxModel text() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("ltx-text");
        Value context = graph.input("context", DType.F32, ONE, TEXT, Dim.of(config.textDim()));
        linears.declareInputs(graph);
        Value text = modulator(graph).caption(context);
        LtxBlock block = block(graph);
        for (int i = 0; i < config.layers(); i++) {
            String name = name(i);
            graph.scope(name, () -> {
                BranchAxis.Context projected = block.context(name, text);
                graph.output(name + ".k", projected.k(), DType.F32, ONE, TEXT, width);
                graph.output(name + ".v", projected.v(), DType.F32, ONE, TEXT, width);
            });
        }
        return graph.build(Map.of());
    }

    private OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("ltx-prelude");
        Value latent = ClipPatches.latent(graph, config.channels());
        Value features = graph.input("time_features", DType.F32, TIMESTEPS, Dim.of(config.freqDim()));
        Value cells = graph.op(OnnxOp.Reshape, latent, graph.longs(1, config.channels(), -1));
        Value rows = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), cells);
        Value tokens = floats.linear(graph, rows, "patchify_proj");
        AdaLnSingle modulator = modulator(graph);
        AdaLnSingle.Time time = modulator.time(features);
        Value modulation = modulator.modulation(name(0), time.projection());
        Value modulated = block(graph).modulatedInput(tokens, modulator.split(modulation, AdaLnSingle.VECTORS));
        graph.output(SplitGraphs.TOKENS, tokens, DType.F32, ONE, TOKENS, width);
        graph.output(SplitGraphs.TIME_EMBEDDING, time.embedding(), DType.F32, TIMESTEPS, width);
        graph.output(SplitGraphs.TIME_PROJECTION, time.projection(), DType.F32, TIMESTEPS, VECTORS, width);
        graph.output(FIRST_MODULATION, modulation, DType.F32, TIMESTEPS, VECTORS, width);
        graph.output(SplitGraphs.MODULATED_INPUT, modulated, DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    /// @param branches of guidance that it runs at once, 1 or 2
    OnnxModel trunk(int branches) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(BranchAxis.name("ltx", branches));
        BranchAxis axis = new BranchAxis(new NeuralOps(graph, dialect), branches);
        Value z = axis.stacked(SplitGraphs.TOKENS, TOKENS, width);
        Value projection = graph.input(SplitGraphs.TIME_PROJECTION, DType.F32, TIMESTEPS, VECTORS, width);
        Value modulation = graph.input(FIRST_MODULATION, DType.F32, TIMESTEPS, VECTORS, width);
        Value modulated = axis.stacked(SplitGraphs.MODULATED_INPUT, TOKENS, width);
        Dim half = Dim.of(config.headDim() / 2);
        Value cos = graph.input("rope_cos", DType.F32, Dim.of("rows"), half);
        Value sin = graph.input("rope_sin", DType.F32, Dim.of("rows"), half);
        linears.declareInputs(graph);
        AdaLnSingle modulator = modulator(graph);
        LtxBlock block = new LtxBlock(axis, config, weights, linears);
        for (int i = 0; i < config.layers(); i++) {
            String name = name(i);
            if (i > 0) {
                modulation = modulator.modulation(name, projection);
            }
            List<Value> vectors = modulator.split(modulation, AdaLnSingle.VECTORS);
            Value input = i == 0 ? modulated : block.modulatedInput(z, vectors);
            List<BranchAxis.Context> contexts = axis.contexts(name + ".k", name + ".v", TEXT, width);
            Value before = z;
            z = block.emit(name, new LtxBlock.Tokens(before, input, vectors), new LtxBlock.Rope(cos, sin), contexts);
            linears.passed(graph, name, before, z);
        }
        axis.output(SplitGraphs.OUT, z, TOKENS, width);
        return graph.build(Map.of());
    }

    private OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("ltx-head");
        Value tokens = graph.input(SplitGraphs.TOKENS, DType.F32, ONE, TOKENS, width);
        Value embedding = graph.input(SplitGraphs.TIME_EMBEDDING, DType.F32, TIMESTEPS, width);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value rows = modulator(graph).head(tokens, embedding);
        Value cells = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), rows);
        Value shape = graph.op(OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(1, config.channels()), grid);
        ClipPatches.prediction(graph, graph.op(OnnxOp.Reshape, cells, shape), config.channels());
        return graph.build(Map.of());
    }

    private static String name(int block) {
        return "transformer_blocks." + block;
    }

    private AdaLnSingle modulator(OnnxGraphBuilder graph) {
        return new AdaLnSingle(new NeuralOps(graph, dialect), weights, floats, config.dim());
    }

    private LtxBlock block(OnnxGraphBuilder graph) {
        return new LtxBlock(new BranchAxis(new NeuralOps(graph, dialect), 1), config, weights, linears);
    }
}
