package dev.quantreel.engines.dit;

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

/// Emits the graphs of [WanGraphs]. The arithmetic is that of Wan's reference implementation: see the forward pass in
/// `wan/modules/model.py` of Wan 2.1.
final class WanGraphBuilder {

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");

    private final WanConfig config;
    private final Dim width;
    private final FloatWeights weights;
    private final FloatLinears floats;
    private final LinearLayers linears;
    private final Dialect dialect;

    WanGraphBuilder(WanConfig config, FloatWeights weights, LinearLayers linears, Dialect dialect) {
        this.config = config;
        this.width = Dim.of(config.dim());
        this.weights = weights;
        this.floats = new FloatLinears(weights);
        this.linears = linears;
        this.dialect = dialect;
    }

    OnnxModel text() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-text");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value context = graph.input("context", DType.F32, ONE, TEXT, Dim.of(config.textDim()));
        linears.declareInputs(graph);
        Value hidden = ops.gelu(floats.linear(graph, context, "text_embedding.0"));
        Value text = floats.linear(graph, hidden, "text_embedding.2");
        for (int i = 0; i < config.layers(); i++) {
            String block = "blocks." + i;
            String attention = block + ".cross_attn.";
            graph.scope(block, () -> {
                LinearLayers.Input input = linears.prepare(graph, text, List.of(attention + "k", attention + "v"));
                Value k = normalized(ops, linears.apply(graph, input, attention + "k"), attention + "norm_k");
                Value v = linears.apply(graph, input, attention + "v");
                graph.output(block + ".k", k, DType.F32, ONE, TEXT, width);
                graph.output(block + ".v", v, DType.F32, ONE, TEXT, width);
            });
        }
        return graph.build(Map.of());
    }

    OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-prelude");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value latent = graph.input(
                "latent",
                DType.F32,
                ONE,
                Dim.of(config.inChannels()),
                Dim.of("frames"),
                Dim.of("height"),
                Dim.of("width"));
        Value features = graph.input("time_features", DType.F32, ONE, Dim.of(config.freqDim()));
        Value patches = graph.op(
                OnnxOp.Conv,
                Attributes.ints("strides", 1, WanConfig.PATCH, WanConfig.PATCH),
                latent,
                weight(graph, "patch_embedding.weight"),
                weight(graph, "patch_embedding.bias"));
        Value rows = graph.op(OnnxOp.Reshape, patches, graph.longs(1, config.dim(), -1));
        Value tokens = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), rows);
        Value hidden = ops.silu(floats.linear(graph, features, "time_embedding.0"));
        Value embedding = floats.linear(graph, hidden, "time_embedding.2");
        Value projection = floats.linear(graph, ops.silu(embedding), "time_projection.1");
        graph.output("tokens", tokens, DType.F32, ONE, TOKENS, width);
        graph.output("time_embedding", embedding, DType.F32, ONE, width);
        graph.output(
                "time_projection",
                graph.op(OnnxOp.Reshape, projection, graph.longs(1, 6, config.dim())),
                DType.F32,
                ONE,
                Dim.of(6),
                width);
        return graph.build(Map.of());
    }

    OnnxModel trunk() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-trunk");
        Value tokens = graph.input("tokens", DType.F32, ONE, TOKENS, width);
        Value projection = graph.input("time_projection", DType.F32, ONE, Dim.of(6), width);
        Dim half = Dim.of(config.headDim() / 2);
        Value cos = graph.input("rope_cos", DType.F32, TOKENS, half);
        Value sin = graph.input("rope_sin", DType.F32, TOKENS, half);
        linears.declareInputs(graph);
        WanBlock block = new WanBlock(graph, config, weights, linears, new NeuralOps(graph, dialect));
        Value z = tokens;
        for (int i = 0; i < config.layers(); i++) {
            String name = "blocks." + i;
            Value k = graph.input(name + ".k", DType.F32, ONE, TEXT, width);
            Value v = graph.input(name + ".v", DType.F32, ONE, TEXT, width);
            z = block.emit(name, z, projection, new WanBlock.Rope(cos, sin), new WanBlock.Text(k, v));
        }
        graph.output("out", z, DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wan-head");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value tokens = graph.input("tokens", DType.F32, ONE, TOKENS, width);
        Value embedding = graph.input("time_embedding", DType.F32, ONE, width);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value table = weight(graph, "head.modulation");
        Value modulation = graph.op(OnnxOp.Add, table, graph.op(OnnxOp.Unsqueeze, embedding, graph.longs(1)));
        List<Value> parts = graph.op(OnnxOp.Split, 2, Attributes.of("axis", 1).and("num_outputs", 2), modulation);
        Value normalized = ops.layerNorm(tokens, config.dim(), WanConfig.EPSILON);
        Value modulated = ops.modulate(normalized, parts.get(0), parts.get(1));
        Value patches = floats.linear(graph, modulated, "head.head");
        Value velocity = unpatchify(graph, patches, grid);
        graph.output(
                "velocity",
                velocity,
                DType.F32,
                ONE,
                Dim.of(config.outChannels()),
                Dim.of("frames"),
                Dim.of("height"),
                Dim.of("width"));
        return graph.build(Map.of());
    }

    /// Patches hold (1, row, column, channel) with the channel last.
    private Value unpatchify(OnnxGraphBuilder graph, Value patches, Value grid) {
        int patch = WanConfig.PATCH;
        int channels = config.outChannels();
        Value split = graph.op(
                OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(1), grid, graph.longs(1, patch, patch, channels));
        Value joined = graph.op(
                OnnxOp.Concat,
                Attributes.of("axis", 0),
                graph.longs(1, channels),
                graph.op(OnnxOp.Mul, grid, graph.longs(1, patch, patch)));
        Value parts = graph.op(OnnxOp.Reshape, patches, split);
        Value ordered = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 7, 1, 4, 2, 5, 3, 6), parts);
        return graph.op(OnnxOp.Reshape, ordered, joined);
    }

    private Value normalized(NeuralOps ops, Value x, String norm) {
        return ops.rmsNorm(x, weight(ops.graph(), norm + ".weight"), WanConfig.EPSILON);
    }

    private Value weight(OnnxGraphBuilder graph, String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
