package dev.quantreel.engines.dit.latte;

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
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Emits the graphs of a Latte transformer. The arithmetic is that of `LatteTransformer3DModel` of diffusers.
///
/// Tokens lie as `[branches, frames * cells, dim]` throughout; only attention takes them apart by frames or cells.
/// Block 0 is modulated in the prelude, where step caches watch the result; the trunk reads it from there.
final class LatteGraphBuilder {

    /// What modulates spatial block 0, output of the prelude.
    private static final String FIRST_MODULATION = "first_modulation";

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");
    private static final Dim VECTORS = Dim.of(AdaLnSingle.VECTORS);

    private final LatteConfig config;
    private final Dim width;
    private final FloatWeights weights;
    private final FloatLinears floats;
    private final LinearLayers linears;
    private final Dialect dialect;

    LatteGraphBuilder(LatteConfig config, FloatWeights weights, LinearLayers linears, Dialect dialect) {
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
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("latte-text");
        Value context = graph.input("context", DType.F32, ONE, TEXT, Dim.of(config.textDim()));
        linears.declareInputs(graph);
        Value text = modulator(graph).caption(context);
        LatteBlock block = block(graph);
        for (int pair = 0; pair < config.pairs(); pair++) {
            String name = LatteKeys.spatial(pair);
            graph.scope(name, () -> {
                BranchAxis.Context projected = block.context(name, text);
                graph.output(name + ".k", projected.k(), DType.F32, ONE, TEXT, width);
                graph.output(name + ".v", projected.v(), DType.F32, ONE, TEXT, width);
            });
        }
        return graph.build(Map.of());
    }

    private OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("latte-prelude");
        Value latent = ClipPatches.latent(graph, config.channels());
        Value features = graph.input("time_features", DType.F32, ONE, Dim.of(config.freqDim()));
        Value tokens = patchified(graph, latent);
        AdaLnSingle modulator = modulator(graph);
        AdaLnSingle.Time time = modulator.time(features);
        Value modulation = modulator.modulation(LatteKeys.spatial(0), time.projection());
        Value modulated = block(graph).modulatedInput(tokens, modulator.split(modulation, AdaLnSingle.VECTORS));
        graph.output(SplitGraphs.TOKENS, tokens, DType.F32, ONE, TOKENS, width);
        graph.output(SplitGraphs.TIME_EMBEDDING, time.embedding(), DType.F32, ONE, width);
        graph.output(SplitGraphs.TIME_PROJECTION, time.projection(), DType.F32, ONE, VECTORS, width);
        graph.output(FIRST_MODULATION, modulation, DType.F32, ONE, VECTORS, width);
        graph.output(SplitGraphs.MODULATED_INPUT, modulated, DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    /// Patches of every frame, with their places added.
    private Value patchified(OnnxGraphBuilder graph, Value latent) {
        int patch = LatteConfig.PATCH;
        Tensor kernel =
                weights.tensor("pos_embed.proj.weight").reshape(config.dim(), config.channels(), 1, patch, patch);
        Value rows = patches(graph)
                .tokens(
                        latent,
                        graph.initializer("pos_embed.proj.weight", kernel),
                        graph.initializer("pos_embed.proj.bias", weights.tensor("pos_embed.proj.bias")),
                        config.dim());
        Value space = graph.input("space_positions", DType.F32, ONE, Dim.of("cells"), width);
        Value perFrame = graph.op(OnnxOp.Shape, Attributes.of("start", 1), space);
        Value split = graph.op(OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(-1), perFrame);
        Value placed = graph.op(OnnxOp.Add, graph.op(OnnxOp.Reshape, rows, split), space);
        return graph.op(OnnxOp.Reshape, placed, graph.longs(1, -1, config.dim()));
    }

    /// @param branches of guidance that it runs at once, 1 or 2
    OnnxModel trunk(int branches) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(BranchAxis.name("latte", branches));
        BranchAxis axis = new BranchAxis(new NeuralOps(graph, dialect), branches);
        Value z = axis.stacked(SplitGraphs.TOKENS, TOKENS, width);
        Value projection = graph.input(SplitGraphs.TIME_PROJECTION, DType.F32, ONE, VECTORS, width);
        Value modulation = graph.input(FIRST_MODULATION, DType.F32, ONE, VECTORS, width);
        Value modulated = axis.stacked(SplitGraphs.MODULATED_INPUT, TOKENS, width);
        Value time = graph.input("time_positions", DType.F32, Dim.of("grid_frames"), ONE, width);
        linears.declareInputs(graph);
        Value frames = graph.op(OnnxOp.Shape, Attributes.of("end", 1), time);
        LatteClip clip = new LatteClip(graph, branches, frames, config.dim());
        AdaLnSingle modulator = modulator(graph);
        LatteBlock block = new LatteBlock(axis, config, linears);
        for (int pair = 0; pair < config.pairs(); pair++) {
            String spatial = LatteKeys.spatial(pair);
            if (pair > 0) {
                modulation = modulator.modulation(spatial, projection);
            }
            List<Value> vectors = modulator.split(modulation, AdaLnSingle.VECTORS);
            Value input = pair == 0 ? modulated : block.modulatedInput(z, vectors);
            List<BranchAxis.Context> contexts = axis.contexts(spatial + ".k", spatial + ".v", TEXT, width);
            Value before = z;
            z = block.spatial(spatial, new LatteBlock.Tokens(before, input, vectors), clip, contexts);
            linears.passed(graph, spatial, before, z);
            if (pair == 0) {
                z = clip.tokens(graph.op(OnnxOp.Add, clip.grid(z), time));
            }
            String temporal = LatteKeys.temporal(pair);
            List<Value> m = modulator.split(modulator.modulation(temporal, projection), AdaLnSingle.VECTORS);
            Value between = z;
            z = block.temporal(temporal, new LatteBlock.Tokens(between, block.modulatedInput(between, m), m), clip);
            linears.passed(graph, temporal, between, z);
        }
        axis.output(SplitGraphs.OUT, z, TOKENS, width);
        return graph.build(Map.of());
    }

    private OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("latte-head");
        Value tokens = graph.input(SplitGraphs.TOKENS, DType.F32, ONE, TOKENS, width);
        Value embedding = graph.input(SplitGraphs.TIME_EMBEDDING, DType.F32, ONE, width);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value both = patches(graph)
                .clip(
                        modulator(graph).head(tokens, embedding),
                        grid,
                        config.outChannels(),
                        ClipPatches.Order.CHANNELS_LAST);
        Value prediction = graph.op(OnnxOp.Slice, both, graph.longs(0), graph.longs(config.channels()), graph.longs(1));
        ClipPatches.prediction(graph, prediction, config.channels());
        return graph.build(Map.of());
    }

    private static ClipPatches patches(OnnxGraphBuilder graph) {
        return new ClipPatches(graph, 1, LatteConfig.PATCH);
    }

    private AdaLnSingle modulator(OnnxGraphBuilder graph) {
        return new AdaLnSingle(new NeuralOps(graph, dialect), weights, floats, config.dim());
    }

    private LatteBlock block(OnnxGraphBuilder graph) {
        return new LatteBlock(new BranchAxis(new NeuralOps(graph, dialect), 1), config, linears);
    }
}
