package dev.quantreel.engines.vision;

import dev.quantreel.engines.dit.FloatLinears;
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
import java.util.Map;

/// Emits the encoder up to the layer that is read. Input `pixels` F32 `[1, 3, size, size]`, output `hidden` F32
/// `[1, tokens, dim]`: CLIP's class token and patches before its last layer, or SigLIP's patches after the last norm.
final class ClipVisionGraph {

    static final String PIXELS = "pixels";
    static final String HIDDEN = "hidden";
    private static final float QUICK = 1.702f;

    private final ClipVisionConfig config;
    private final FloatWeights weights;
    private final FloatLinears linears;
    private final OnnxGraphBuilder graph;
    private final NeuralOps ops;

    private ClipVisionGraph(ClipVisionConfig config, FloatWeights weights, Dialect dialect) {
        this.config = config;
        this.weights = weights;
        this.linears = new FloatLinears(weights);
        this.graph = OnnxGraphBuilder.create("clip-vision");
        this.ops = new NeuralOps(graph, dialect);
    }

    static OnnxModel build(ClipVisionConfig config, FloatWeights weights, Dialect dialect) {
        return new ClipVisionGraph(config, weights, dialect).encoder();
    }

    private OnnxModel encoder() {
        Dim side = Dim.of(config.imageSize());
        Value pixels = graph.input(PIXELS, DType.F32, Dim.of(1), Dim.of(3), side, side);
        Value first = embedded(pixels);
        Value[] state = {config.hasClass() ? norm(first, ClipVisionKeys.FIRST_NORM) : first};
        for (int i = 0; i < config.layersRead(); i++) {
            String layer = ClipVisionKeys.layer(i);
            graph.scope("layers." + i, () -> {
                Value attended = graph.op(OnnxOp.Add, state[0], attention(layer, state[0]));
                state[0] = graph.op(OnnxOp.Add, attended, feedForward(layer, attended));
            });
        }
        Value read = config.hasClass() ? state[0] : norm(state[0], ClipVisionKeys.LAST_NORM);
        graph.output(HIDDEN, read, DType.F32, Dim.of(1), Dim.of(config.tokens()), Dim.of(config.dim()));
        return graph.build(Map.of());
    }

    /// The class token, where there is one, then the patches row by row, each with its position.
    private Value embedded(Value pixels) {
        Attributes strides = Attributes.ints("strides", config.patch(), config.patch());
        Value kernel = weight(ClipVisionKeys.PATCHES);
        Value patches = config.hasClass()
                ? graph.op(OnnxOp.Conv, strides, pixels, kernel)
                : graph.op(OnnxOp.Conv, strides, pixels, kernel, weight(ClipVisionKeys.PATCH_BIAS));
        Value rows = graph.op(OnnxOp.Reshape, patches, graph.longs(1, config.dim(), -1));
        Value tokens = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), rows);
        return graph.op(OnnxOp.Add, config.hasClass() ? afterClass(tokens) : tokens, weight(ClipVisionKeys.POSITIONS));
    }

    private Value afterClass(Value tokens) {
        Value first = graph.op(OnnxOp.Reshape, weight(ClipVisionKeys.CLASS), graph.longs(1, 1, config.dim()));
        return graph.op(OnnxOp.Concat, Attributes.of("axis", 1), first, tokens);
    }

    private Value attention(String layer, Value x) {
        Value u = norm(x, layer + "layer_norm1.");
        String prefix = layer + "self_attn.";
        Value q = linears.linear(graph, u, prefix + "q_proj");
        Value k = linears.linear(graph, u, prefix + "k_proj");
        Value v = linears.linear(graph, u, prefix + "v_proj");
        float scale = (float) (1 / Math.sqrt((double) config.dim() / config.heads()));
        Value mixed = ops.attention(q, k, v, graph.none, new NeuralOps.Heads(config.heads(), scale));
        return linears.linear(graph, mixed, prefix + "out_proj");
    }

    private Value feedForward(String layer, Value x) {
        Value hidden = linears.linear(graph, norm(x, layer + "layer_norm2."), layer + "mlp.fc1");
        Value active =
                switch (config.activation()) {
                    case GELU -> ops.geluExact(hidden);
                    case GELU_TANH -> ops.gelu(hidden);
                    case QUICK_GELU ->
                        graph.op(
                                OnnxOp.Mul,
                                hidden,
                                graph.op(OnnxOp.Sigmoid, graph.op(OnnxOp.Mul, hidden, graph.constant(QUICK))));
                };
        return linears.linear(graph, active, layer + "mlp.fc2");
    }

    private Value norm(Value x, String prefix) {
        return ops.layerNorm(
                x,
                weight(prefix + "weight"),
                weight(prefix + "bias"),
                config.kind().epsilon());
    }

    private Value weight(String name) {
        return graph.initializer(name, weights.tensor(name));
    }
}
