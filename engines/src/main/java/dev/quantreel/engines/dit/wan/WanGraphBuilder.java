package dev.quantreel.engines.dit.wan;

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
import java.util.function.UnaryOperator;

/// Emits the graphs of a Wan transformer. The arithmetic is that of Wan's reference implementation: see the forward
/// pass in `wan/modules/model.py` of Wan 2.1.
final class WanGraphBuilder {

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");
    private static final Dim IMAGE = Dim.of("image");

    private final WanConfig config;
    private final Dim width;
    private final Dim timesteps;
    private final FloatWeights weights;
    private final FloatLinears floats;
    private final LinearLayers linears;
    private final Dialect dialect;

    WanGraphBuilder(WanConfig config, FloatWeights weights, LinearLayers linears, Dialect dialect) {
        this.config = config;
        this.width = Dim.of(config.dim());
        this.timesteps = config.timestepPerFrame() ? Dim.of("timesteps") : ONE;
        this.weights = weights;
        this.floats = new FloatLinears(weights);
        this.linears = linears;
        this.dialect = dialect;
    }

    SplitGraphs graphs() {
        return new SplitGraphs(Optional.of(text()), prelude(), trunk(1), head());
    }

    private OnnxModel text() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-text");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value context = graph.input("context", DType.F32, ONE, TEXT, Dim.of(config.textDim()));
        linears.declareInputs(graph);
        Value hidden = ops.gelu(floats.linear(graph, context, "text_embedding.0"));
        Value text = floats.linear(graph, hidden, "text_embedding.2");
        Optional<Value> image = config.readsImageFeatures() ? Optional.of(image(ops)) : Optional.empty();
        for (int i = 0; i < config.layers(); i++) {
            String block = "blocks." + i;
            graph.scope(block, () -> {
                keysAndValues(ops, text, block, "", TEXT);
                image.ifPresent(features -> keysAndValues(ops, features, block, "_img", IMAGE));
            });
        }
        return graph.build(Map.of());
    }

    private void keysAndValues(NeuralOps ops, Value context, String block, String suffix, Dim length) {
        OnnxGraphBuilder graph = ops.graph();
        String attention = block + ".cross_attn.";
        String keys = attention + "k" + suffix;
        String values = attention + "v" + suffix;
        LinearLayers.Input input = linears.prepare(graph, context, List.of(keys, values));
        Value k = normalized(ops, linears.apply(graph, input, keys), attention + "norm_k" + suffix);
        graph.output(block + ".k" + suffix, k, DType.F32, ONE, length, width);
        graph.output(block + ".v" + suffix, linears.apply(graph, input, values), DType.F32, ONE, length, width);
    }

    /// CLIP features brought to the width of a token.
    private Value image(NeuralOps ops) {
        OnnxGraphBuilder graph = ops.graph();
        Value features = graph.input("image_features", DType.F32, ONE, IMAGE, Dim.of(config.imageDim()));
        Value hidden = floats.linear(graph, affineNorm(ops, features, "img_emb.proj.0"), "img_emb.proj.1");
        Value tokens = floats.linear(graph, ops.geluExact(hidden), "img_emb.proj.3");
        return affineNorm(ops, tokens, "img_emb.proj.4");
    }

    private Value affineNorm(NeuralOps ops, Value x, String norm) {
        return ops.layerNorm(
                x, weight(ops.graph(), norm + ".weight"), weight(ops.graph(), norm + ".bias"), WanConfig.IMAGE_EPSILON);
    }

    private OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-prelude");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value latent = ClipPatches.latent(graph, config.inChannels());
        Value features = graph.input("time_features", DType.F32, timesteps, Dim.of(config.freqDim()));
        Value tokens = patches(graph)
                .tokens(
                        latent,
                        weight(graph, "patch_embedding.weight"),
                        weight(graph, "patch_embedding.bias"),
                        config.dim());
        Value hidden = ops.silu(floats.linear(graph, features, "time_embedding.0"));
        Value embedding = floats.linear(graph, hidden, "time_embedding.2");
        Value projection = linears.modulation(graph, ops.silu(embedding), "time_projection.1");
        graph.output(SplitGraphs.TOKENS, tokens, DType.F32, ONE, TOKENS, width);
        graph.output(SplitGraphs.TIME_EMBEDDING, embedding, DType.F32, timesteps, width);
        graph.output(
                SplitGraphs.TIME_PROJECTION,
                graph.op(OnnxOp.Reshape, projection, graph.longs(-1, 6, config.dim())),
                DType.F32,
                timesteps,
                Dim.of(6),
                width);
        return graph.build(Map.of());
    }

    /// @param branches of guidance that it runs at once, 1 or 2
    OnnxModel trunk(int branches) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(BranchAxis.name("wan", branches));
        BranchAxis axis = new BranchAxis(new NeuralOps(graph, dialect), branches);
        Value tokens = axis.stacked(SplitGraphs.TOKENS, TOKENS, width);
        Value projection = graph.input(SplitGraphs.TIME_PROJECTION, DType.F32, timesteps, Dim.of(6), width);
        Dim half = Dim.of(config.headDim() / 2);
        Value cos = graph.input("rope_cos", DType.F32, TOKENS, half);
        Value sin = graph.input("rope_sin", DType.F32, TOKENS, half);
        linears.declareInputs(graph);
        WanBlock block = new WanBlock(graph, config, weights, linears, axis);
        Value z = tokens;
        for (int i = 0; i < config.layers(); i++) {
            String name = "blocks." + i;
            List<List<BranchAxis.Context>> contexts = config.readsImageFeatures()
                    ? List.of(contexts(axis, name, "", TEXT), contexts(axis, name, "_img", IMAGE))
                    : List.of(contexts(axis, name, "", TEXT));
            Value before = z;
            z = block.emit(name, before, projection, new WanBlock.Rope(cos, sin), contexts);
            linears.passed(graph, name, before, z);
        }
        axis.output(SplitGraphs.OUT, z, TOKENS, width);
        return graph.build(Map.of());
    }

    private List<BranchAxis.Context> contexts(BranchAxis axis, String block, String suffix, Dim length) {
        return axis.contexts(block + ".k" + suffix, block + ".v" + suffix, length, width);
    }

    private OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-head");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value tokens = graph.input(SplitGraphs.TOKENS, DType.F32, ONE, TOKENS, width);
        Value embedding = graph.input(SplitGraphs.TIME_EMBEDDING, DType.F32, timesteps, width);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value table = weight(graph, "head.modulation");
        Value sum = graph.op(OnnxOp.Add, table, graph.op(OnnxOp.Unsqueeze, embedding, graph.longs(1)));
        List<Value> parts = graph.op(OnnxOp.Split, 2, Attributes.of("axis", 1).and("num_outputs", 2), sum);
        Value normalized = ops.layerNorm(tokens, config.dim(), WanConfig.EPSILON);
        UnaryOperator<Value> modulation = x -> ops.modulate(x, parts.get(0), parts.get(1));
        Value modulated = config.timestepPerFrame()
                ? ops.perTimestep(parts.get(0), normalized, modulation)
                : modulation.apply(normalized);
        Value patches = floats.linear(graph, modulated, "head.head");
        Value velocity = patches(graph).clip(patches, grid, config.outChannels(), ClipPatches.Order.CHANNELS_LAST);
        ClipPatches.prediction(graph, velocity, config.outChannels());
        return graph.build(Map.of());
    }

    private static ClipPatches patches(OnnxGraphBuilder graph) {
        return new ClipPatches(graph, 1, WanConfig.PATCH);
    }

    private Value normalized(NeuralOps ops, Value x, String norm) {
        return ops.rmsNorm(x, weight(ops.graph(), norm + ".weight"), WanConfig.EPSILON);
    }

    private Value weight(OnnxGraphBuilder graph, String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
