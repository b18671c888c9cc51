package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;

/// Emits a T5 encoder. Beside the embeddings it takes `buckets` I64 `[tokens, tokens]`; `hidden` comes after the final
/// norm.
final class T5Graph {

    /// Name of the graph input.
    static final String BUCKETS = "buckets";

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");

    private final T5Config config;
    private final OnnxGraphBuilder graph;
    private final NeuralOps ops;
    private final EncoderLinears linears;

    private T5Graph(T5Config config, EncoderWeights weights, Dialect dialect) {
        this.config = config;
        this.graph = OnnxGraphBuilder.create(config.biasPerLayer() ? "umt5-encoder" : "t5-encoder");
        this.ops = new NeuralOps(graph, dialect);
        this.linears = new EncoderLinears(graph, weights);
    }

    static OnnxModel build(T5Config config, EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return new T5Graph(config, weights, dialect).encoder(section);
    }

    private OnnxModel encoder(EncoderSection section) {
        Dim width = Dim.of(config.dim());
        Value x = graph.input("embeddings", DType.F32, ONE, TOKENS, width);
        Value buckets = graph.input(BUCKETS, DType.I64, TOKENS, TOKENS);
        Value[] state = {x, graph.none};
        for (int i = section.from(); i < section.to(); i++) {
            int layer = i;
            graph.scope("encoder.block." + i, () -> {
                if (layer == section.from() || config.biasPerLayer()) {
                    state[1] = positionBias(config.biasPerLayer() ? layer : 0, buckets);
                }
                Value attended = graph.op(OnnxOp.Add, state[0], attention(layer, state[0], state[1]));
                state[0] = graph.op(OnnxOp.Add, attended, feedForward(layer, attended));
            });
        }
        Value hidden = section.isLast() ? norm(state[0], T5Config.FINAL_NORM) : state[0];
        graph.output("hidden", hidden, DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    /// `[1, heads, tokens, tokens]`.
    private Value positionBias(int layer, Value buckets) {
        Value table = linears.weight(T5Config.bias(layer));
        Value gathered = graph.op(OnnxOp.Gather, Attributes.of("axis", 0), table, buckets);
        Value perHead = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 2, 0, 1), gathered);
        return graph.op(OnnxOp.Unsqueeze, perHead, graph.longs(0));
    }

    /// Scores are not divided by the square root of the head size.
    private Value attention(int layer, Value x, Value bias) {
        String prefix = T5Config.attention(layer);
        Value u = norm(x, T5Config.attentionNorm(layer));
        Value q = linears.product(u, prefix + "q.weight");
        Value k = linears.product(u, prefix + "k.weight");
        Value v = linears.product(u, prefix + "v.weight");
        Value mixed = ops.attention(q, k, v, bias, new NeuralOps.Heads(config.heads(), 1f));
        return linears.product(mixed, prefix + "o.weight");
    }

    private Value feedForward(int layer, Value x) {
        String prefix = T5Config.feedForward(layer);
        Value u = norm(x, T5Config.feedForwardNorm(layer));
        Value gate = ops.gelu(linears.product(u, prefix + "wi_0.weight"));
        Value gated = graph.op(OnnxOp.Mul, gate, linears.product(u, prefix + "wi_1.weight"));
        return linears.product(gated, prefix + "wo.weight");
    }

    private Value norm(Value x, String name) {
        return ops.rmsNorm(x, linears.weight(name), T5Config.EPSILON);
    }
}
