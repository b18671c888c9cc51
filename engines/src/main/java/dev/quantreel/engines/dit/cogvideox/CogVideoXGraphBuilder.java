package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.ClipPatches;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TimeFeatures;
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
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Emits the graphs of a CogVideoX transformer. The arithmetic is that of `CogVideoXTransformer3DModel` of diffusers;
/// the order of the tokens in joint attention is not: here the text follows the clip.
final class CogVideoXGraphBuilder {

    private static final String TEXT_TOKENS = "text_tokens";
    /// What the offset of 1.5 I2V is in its release.
    private static final float OFFSET = 2;

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");

    private final CogVideoXConfig config;
    private final Dim width;
    private final Dim timeWidth;
    private final FloatWeights weights;
    private final FloatLinears floats;
    private final LinearLayers linears;
    private final Dialect dialect;

    CogVideoXGraphBuilder(CogVideoXConfig config, FloatWeights weights, LinearLayers linears, Dialect dialect) {
        this.config = config;
        this.width = Dim.of(config.dim());
        this.timeWidth = Dim.of(config.timeDim());
        this.weights = weights;
        this.floats = new FloatLinears(weights);
        this.linears = linears;
        this.dialect = dialect;
    }

    SplitGraphs graphs() {
        return new SplitGraphs(Optional.of(text()), prelude(), trunk(1), head());
    }

    private OnnxModel text() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("cogvideox-text");
        Value context = graph.input("context", DType.F32, ONE, TEXT, Dim.of(config.textDim()));
        Value projected = floats.linear(graph, context, "patch_embed.text_proj");
        Value tokens = config.image().positions() == 0
                ? projected
                : graph.op(OnnxOp.Add, projected, graph.initializer("places", learned(0, config.textLength())));
        graph.output(TEXT_TOKENS, tokens, DType.F32, ONE, TEXT, width);
        return graph.build(Map.of());
    }

    private OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("cogvideox-prelude");
        Value latent = ClipPatches.latent(graph, config.inChannels());
        Value features = graph.input("time_features", DType.F32, ONE, width);
        int patch = CogVideoXConfig.PATCH;
        Tensor kernel = weights.tensor("patch_embed.proj.weight")
                .reshape(config.dim(), config.inChannels(), config.patchFrames(), patch, patch);
        Value patches = patches(graph)
                .tokens(
                        latent,
                        graph.initializer("patch_embed.proj.weight", kernel),
                        weight(graph, "patch_embed.proj.bias"),
                        config.dim());
        Value tokens = placed(graph, patches);
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value hidden = ops.silu(floats.linear(graph, features, "time_embedding.linear_1"));
        Value embedding = offset(ops, floats.linear(graph, hidden, "time_embedding.linear_2"));
        graph.output(SplitGraphs.TOKENS, tokens, DType.F32, ONE, TOKENS, width);
        graph.output(SplitGraphs.TIME_EMBEDDING, embedding, DType.F32, ONE, timeWidth);
        return graph.build(Map.of());
    }

    /// Adds the embedding of the offset, which is always 2, where the model has one.
    private Value offset(NeuralOps ops, Value embedding) {
        int dim = config.image().offsetDim();
        if (dim == 0) {
            return embedding;
        }
        OnnxGraphBuilder graph = ops.graph();
        Value features = graph.constant(TimeFeatures.of(dim, OFFSET));
        Value hidden = ops.silu(floats.linear(graph, features, "ofs_embedding.linear_1"));
        return graph.op(OnnxOp.Add, embedding, floats.linear(graph, hidden, "ofs_embedding.linear_2"));
    }

    /// Adds the learned places of the clip.
    private Value learned(OnnxGraphBuilder graph, Value tokens) {
        int text = config.textLength();
        Value table = graph.initializer("places", learned(text, config.image().positions() - text));
        Value count = graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), tokens);
        Value rows = graph.op(OnnxOp.Slice, table, graph.longs(0), count, graph.longs(1));
        return graph.op(OnnxOp.Add, tokens, rows);
    }

    /// Rows of the learned table, `[1, count, dim]`.
    private Tensor learned(int from, int count) {
        Tensor table = weights.tensor(CogVideoXKeys.POSITIONS);
        long rowBytes = DType.F32.byteSize(config.dim());
        return new Tensor(
                DType.F32, Shape.of(1, count, config.dim()), table.data().asSlice(from * rowBytes, count * rowBytes));
    }

    /// Adds the tables of frames and cells where the model has such.
    private Value placed(OnnxGraphBuilder graph, Value tokens) {
        return switch (config.positions()) {
            case Positions.Rotary rotary -> config.image().positions() == 0 ? tokens : learned(graph, tokens);
            case Positions.Added added -> {
                Value time = graph.input("time_positions", DType.F32, Dim.of("grid_frames"), ONE, width);
                Value space = graph.input("space_positions", DType.F32, ONE, Dim.of("cells"), width);
                Value frames = graph.op(OnnxOp.Shape, Attributes.of("end", 1), time);
                Value split = graph.op(OnnxOp.Concat, Attributes.of("axis", 0), frames, graph.longs(-1, config.dim()));
                Value byFrame = graph.op(OnnxOp.Reshape, tokens, split);
                Value sum = graph.op(OnnxOp.Add, graph.op(OnnxOp.Add, byFrame, space), time);
                yield graph.op(OnnxOp.Reshape, sum, graph.longs(1, -1, config.dim()));
            }
        };
    }

    /// Prompts of all branches have the length that the family pads to.
    ///
    /// @param branches of guidance that it runs at once, 1 or 2
    OnnxModel trunk(int branches) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(BranchAxis.name("cogvideox", branches));
        NeuralOps ops = new NeuralOps(graph, dialect);
        BranchAxis axis = new BranchAxis(ops, branches);
        Value tokens = axis.stacked(SplitGraphs.TOKENS, TOKENS, width);
        Value text = axis.stacked(TEXT_TOKENS, TEXT, width);
        Value embedding = graph.input(SplitGraphs.TIME_EMBEDDING, DType.F32, ONE, timeWidth);
        Optional<CogVideoXBlock.Rope> rope = rope(graph);
        linears.declareInputs(graph);
        CogVideoXBlock block = new CogVideoXBlock(
                ops, config, weights, linears, new CogVideoXBlock.Shared(floats, ops.silu(embedding), rope));
        CogVideoXBlock.Streams streams = new CogVideoXBlock.Streams(tokens, text);
        for (int i = 0; i < config.layers(); i++) {
            String name = "transformer_blocks." + i;
            Value before = streams.image();
            streams = block.emit(name, streams);
            linears.passed(graph, name, before, streams.image());
        }
        axis.output(SplitGraphs.OUT, streams.image(), TOKENS, width);
        return graph.build(Map.of());
    }

    private Optional<CogVideoXBlock.Rope> rope(OnnxGraphBuilder graph) {
        return switch (config.positions()) {
            case Positions.Added added -> Optional.empty();
            case Positions.Rotary rotary -> {
                Dim half = Dim.of(config.headDim() / 2);
                Dim all = Dim.of("all_tokens");
                yield Optional.of(new CogVideoXBlock.Rope(
                        graph.input("rope_cos", DType.F32, all, half), graph.input("rope_sin", DType.F32, all, half)));
            }
        };
    }

    private OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("cogvideox-head");
        NeuralOps ops = new NeuralOps(graph, dialect);
        Value tokens = graph.input(SplitGraphs.TOKENS, DType.F32, ONE, TOKENS, width);
        Value embedding = graph.input(SplitGraphs.TIME_EMBEDDING, DType.F32, ONE, timeWidth);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value modulation = graph.op(
                OnnxOp.Unsqueeze, floats.linear(graph, ops.silu(embedding), "norm_out.linear"), graph.longs(1));
        List<Value> parts = graph.op(OnnxOp.Split, 2, Attributes.of("axis", 2).and("num_outputs", 2), modulation);
        Value normalized = norm(ops, norm(ops, tokens, "norm_final"), "norm_out.norm");
        Value patches = floats.linear(graph, ops.modulate(normalized, parts.get(0), parts.get(1)), "proj_out");
        Value clip = patches(graph).clip(patches, grid, config.channels(), ClipPatches.Order.CHANNELS_FIRST);
        ClipPatches.prediction(graph, clip, config.channels());
        return graph.build(Map.of());
    }

    private ClipPatches patches(OnnxGraphBuilder graph) {
        return new ClipPatches(graph, config.patchFrames(), CogVideoXConfig.PATCH);
    }

    private Value norm(NeuralOps ops, Value x, String norm) {
        OnnxGraphBuilder graph = ops.graph();
        return ops.layerNorm(
                x, weight(graph, norm + ".weight"), weight(graph, norm + ".bias"), CogVideoXConfig.EPSILON);
    }

    private Value weight(OnnxGraphBuilder graph, String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
