package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.dit.ClipPatches;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Emits the graphs of a HunyuanVideo transformer, 1.0 or 1.5; what differs between them is the [Conditions]. The
/// arithmetic is that of the reference implementation: see `hyvideo/modules/models.py` of HunyuanVideo, or
/// `transformer_hunyuan_video.py` of diffusers.
///
/// The modulation of block 0's picture stream is computed in the prelude, because step caches watch the input that it
/// makes ([SplitGraphs#MODULATED_INPUT]), and handed to the trunk; all others are computed in the trunk, so that a step
/// that is skipped does not compute them.
final class HunyuanGraphBuilder {

    /// Output of the prelude: the tokens of the text.
    static final String TEXT_TOKENS = "text_tokens";

    /// Output of the prelude: the vector that modulates every block.
    static final String VECTOR = "vector";

    /// Output of the prelude: modulation of block 0's picture stream.
    private static final String FIRST_MODULATION = "double_blocks.0.img_mod";

    private static final String FIRST_LAYER = FIRST_MODULATION + ".lin";
    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");
    private static final Dim TEXT = Dim.of("text");

    private final String name;
    private final HunyuanConfig config;
    private final Conditions conditions;
    private final FloatWeights weights;
    private final LinearLayers linears;
    private final Dialect dialect;
    private final Dim width;

    /// What a version of HunyuanVideo adds to the common prelude.
    interface Conditions {

        /// Name of the graphs.
        String name();

        /// The vector that modulates every block.
        ///
        /// @param embedding of the timestep, `[1, dim]`
        /// @return `[1, dim]`
        Value vector(HunyuanOps ops, Value embedding);

        /// The tokens of the text stream.
        ///
        /// @param refined text, `[1, text, dim]`
        /// @return `[1, more, dim]`
        Value text(HunyuanOps ops, Value refined);
    }

    HunyuanGraphBuilder(
            HunyuanConfig config, Conditions conditions, FloatWeights weights, LinearLayers linears, Dialect dialect) {
        this.name = conditions.name();
        this.config = config;
        this.conditions = conditions;
        this.weights = weights;
        this.linears = linears;
        this.dialect = dialect;
        this.width = Dim.of(config.dim());
    }

    SplitGraphs graphs() {
        return new SplitGraphs(Optional.empty(), prelude(), trunk(1), head());
    }

    private OnnxModel prelude() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name + "-prelude");
        HunyuanOps ops = HunyuanOps.on(graph, dialect, config, weights);
        Value latent = ClipPatches.latent(graph, config.inChannels());
        Value features = graph.input("time_features", DType.F32, ONE, Dim.of(config.freqDim()));
        Value context = graph.input("context", DType.F32, ONE, Dim.of("context"), Dim.of(config.textDim()));
        Value embedding = ops.embedder(features, "time_in");
        Value vector = conditions.vector(ops, embedding);
        Value text = conditions.text(ops, new TokenRefiner(ops).emit(context, features));
        Value tokens = patches(graph)
                .tokens(latent, ops.weight("img_in.proj.weight"), ops.weight("img_in.proj.bias"), config.dim());
        Value modulation = linears.modulation(graph, ops.neural().silu(vector), FIRST_LAYER);
        List<Value> parts = ops.parts(modulation, 6);
        graph.output(SplitGraphs.TOKENS, tokens, DType.F32, ONE, TOKENS, width);
        graph.output(SplitGraphs.TIME_EMBEDDING, embedding, DType.F32, ONE, width);
        graph.output(VECTOR, vector, DType.F32, ONE, width);
        graph.output(TEXT_TOKENS, text, DType.F32, ONE, TEXT, width);
        graph.output(FIRST_MODULATION, modulation, DType.F32, ONE, Dim.of(6L * config.dim()));
        graph.output(
                SplitGraphs.MODULATED_INPUT,
                ops.modulated(tokens, parts.get(0), parts.get(1)),
                DType.F32,
                ONE,
                TOKENS,
                width);
        return graph.build(Map.of());
    }

    private ClipPatches patches(OnnxGraphBuilder graph) {
        return new ClipPatches(graph, 1, config.patch());
    }

    /// @param branches of guidance that it runs at once, 1 or 2
    OnnxModel trunk(int branches) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(BranchAxis.name(name, branches));
        HunyuanOps ops = HunyuanOps.on(graph, dialect, config, weights);
        HunyuanBranches axis = new HunyuanBranches(new BranchAxis(ops.neural(), branches));
        Value tokens = axis.axis().stacked(SplitGraphs.TOKENS, TOKENS, width);
        HunyuanBranches.Text prompts = axis.text(TEXT_TOKENS, tokens, TEXT, width);
        Value vector = axis.vector(VECTOR, width);
        Value first = axis.vector(FIRST_MODULATION, Dim.of(6L * config.dim()));
        Dim sequence = Dim.of("sequence");
        Dim half = Dim.of(config.headDim() / 2);
        DoubleBlock.Rope rope = new DoubleBlock.Rope(
                graph.input("rope_cos", DType.F32, sequence, half), graph.input("rope_sin", DType.F32, sequence, half));
        linears.declareInputs(graph);
        Value active = ops.neural().silu(vector);
        Attended attended = (q, k, v) -> axis.attention(ops, q, k, v, prompts.lengths());
        DoubleBlock doubles = new DoubleBlock(ops, linears, attended);
        DoubleBlock.Streams[] streams = {new DoubleBlock.Streams(tokens, prompts.tokens())};
        for (int i = 0; i < config.depth().doubles(); i++) {
            String block = "double_blocks." + i;
            Value before = streams[0].image();
            Value image = i == 0 ? first : linears.modulation(graph, active, block + ".img_mod.lin");
            graph.scope(block, () -> {
                Value ofText = linears.modulation(graph, active, block + ".txt_mod.lin");
                streams[0] = doubles.emit(block, streams[0], new DoubleBlock.Modulations(image, ofText), rope);
            });
            linears.passed(graph, block, before, streams[0].image());
        }
        Value result = config.depth().singles() == 0
                ? streams[0].image()
                : ops.first(
                        singles(new SingleBlock(ops, linears, attended), streams[0], active, rope), ops.count(tokens));
        axis.axis().output(SplitGraphs.OUT, result, TOKENS, width);
        return graph.build(Map.of());
    }

    private Value singles(SingleBlock single, DoubleBlock.Streams streams, Value active, DoubleBlock.Rope rope) {
        HunyuanOps ops = single.ops();
        Value[] z = {ops.joined(streams.image(), streams.text())};
        for (int i = 0; i < config.depth().singles(); i++) {
            String block = "single_blocks." + i;
            OnnxGraphBuilder graph = ops.graph();
            Value before = z[0];
            graph.scope(block, () -> {
                Value modulation = linears.modulation(graph, active, block + ".modulation.lin");
                z[0] = single.emit(block, z[0], modulation, rope);
            });
            linears.passed(graph, block, before, z[0]);
        }
        return z[0];
    }

    private OnnxModel head() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(name + "-head");
        HunyuanOps ops = HunyuanOps.on(graph, dialect, config, weights);
        Value tokens = graph.input(SplitGraphs.TOKENS, DType.F32, ONE, TOKENS, width);
        Value vector = graph.input(VECTOR, DType.F32, ONE, width);
        Value grid = graph.input("grid", DType.I64, Dim.of(3));
        Value active = ops.neural().silu(vector);
        Value shift = ops.linear(active, "final_layer.adaLN_modulation.1.shift");
        Value scale = ops.linear(active, "final_layer.adaLN_modulation.1.scale");
        Value patches = ops.linear(ops.modulated(tokens, shift, scale), "final_layer.linear");
        Value clip = patches(graph).clip(patches, grid, config.outChannels(), ClipPatches.Order.CHANNELS_FIRST);
        ClipPatches.prediction(graph, clip, config.outChannels());
        return graph.build(Map.of());
    }
}
