package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;

/// Emits CLIP's text model: learned positions, pre-norm blocks with a causal mask, quick GELU, a final LayerNorm.
/// Positions are part of the graph; the output of every token is returned, the pooled one is picked outside.
final class ClipGraph {

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");

    /// Slope of the sigmoid in quick GELU, `x * sigmoid(1.702 x)`.
    private static final float QUICK = 1.702f;

    private final ClipConfig config;
    private final OnnxGraphBuilder graph;
    private final NeuralOps ops;
    private final EncoderLinears linears;

    private ClipGraph(ClipConfig config, EncoderWeights weights, Dialect dialect) {
        this.config = config;
        this.graph = OnnxGraphBuilder.create("clip-l-encoder");
        this.ops = new NeuralOps(graph, dialect);
        this.linears = new EncoderLinears(graph, weights);
    }

    static OnnxModel build(ClipConfig config, EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return new ClipGraph(config, weights, dialect).encoder(section);
    }

    private OnnxModel encoder(EncoderSection section) {
        Dim width = Dim.of(config.dim());
        Value x = graph.input("embeddings", DType.F32, ONE, TOKENS, width);
        Value mask = graph.input(CausalMask.INPUT, DType.F32, ONE, ONE, TOKENS, TOKENS);
        Value[] state = {section.isFirst() ? graph.op(OnnxOp.Add, x, positions(x)) : x};
        for (int i = section.from(); i < section.to(); i++) {
            String layer = ClipConfig.layer(i);
            graph.scope("layers." + i, () -> {
                Value attended = graph.op(OnnxOp.Add, state[0], attention(layer, state[0], mask));
                state[0] = graph.op(OnnxOp.Add, attended, feedForward(layer, attended));
            });
        }
        Value hidden = section.isLast() ? norm(state[0], ClipConfig.FINAL_NORM) : state[0];
        graph.output("hidden", hidden, DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    /// The first rows of the position table.
    private Value positions(Value x) {
        Value tokens =
                graph.op(OnnxOp.Slice, graph.op(OnnxOp.Shape, x), graph.longs(1), graph.longs(2), graph.longs(0));
        Value table = linears.weight(ClipConfig.POSITIONS);
        return graph.op(OnnxOp.Slice, table, graph.longs(0), tokens, graph.longs(0));
    }

    private Value attention(String layer, Value x, Value mask) {
        Value u = norm(x, layer + "layer_norm1");
        Value q = linears.linear(u, layer + "self_attn.q_proj");
        Value k = linears.linear(u, layer + "self_attn.k_proj");
        Value v = linears.linear(u, layer + "self_attn.v_proj");
        float scale = (float) (1 / Math.sqrt((double) config.dim() / config.heads()));
        Value mixed = ops.attention(q, k, v, mask, new NeuralOps.Heads(config.heads(), scale));
        return linears.linear(mixed, layer + "self_attn.out_proj");
    }

    private Value feedForward(String layer, Value x) {
        Value u = linears.linear(norm(x, layer + "layer_norm2"), layer + "mlp.fc1");
        Value gate = graph.op(OnnxOp.Sigmoid, graph.op(OnnxOp.Mul, u, graph.constant(QUICK)));
        return linears.linear(graph.op(OnnxOp.Mul, u, gate), layer + "mlp.fc2");
    }

    private Value norm(Value x, String name) {
        return ops.layerNorm(x, linears.weight(name + ".weight"), linears.weight(name + ".bias"), ClipConfig.EPSILON);
    }
}
