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

/// Emits the first layers of a Llama or Qwen2.5 language model: pre-norm, grouped-query attention with rotary
/// positions and a causal mask, gated SiLU. The residual stream leaves without the final norm.
final class DecoderGraph {

    private static final Dim ONE = Dim.of(1);
    private static final Dim TOKENS = Dim.of("tokens");

    private final DecoderConfig config;
    private final OnnxGraphBuilder graph;
    private final NeuralOps ops;
    private final EncoderLinears linears;

    private DecoderGraph(DecoderConfig config, EncoderWeights weights, Dialect dialect) {
        this.config = config;
        this.graph = OnnxGraphBuilder.create(
                config.family() == TextEncoderFamily.QWEN_25_VL ? "qwen2.5-encoder" : "llama-encoder");
        this.ops = new NeuralOps(graph, dialect);
        this.linears = new EncoderLinears(graph, weights);
    }

    static OnnxModel build(DecoderConfig config, EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return new DecoderGraph(config, weights, dialect).encoder(section);
    }

    private OnnxModel encoder(EncoderSection section) {
        Dim width = Dim.of(config.dim());
        Dim half = Dim.of(config.headDim() / 2);
        Value x = graph.input("embeddings", DType.F32, ONE, TOKENS, width);
        Value mask = graph.input(CausalMask.INPUT, DType.F32, ONE, ONE, TOKENS, TOKENS);
        Value cos = graph.input(DecoderConfig.COS, DType.F32, TOKENS, half);
        Value sin = graph.input(DecoderConfig.SIN, DType.F32, TOKENS, half);
        Value[] state = {x};
        for (int i = section.from(); i < section.to(); i++) {
            String layer = DecoderConfig.layer(i);
            graph.scope("layers." + i, () -> {
                Value u = norm(state[0], layer + "input_layernorm.weight");
                Value q = rotate(projection(u, layer + "self_attn.q_proj"), cos, sin, config.heads());
                Value k = rotate(projection(u, layer + "self_attn.k_proj"), cos, sin, config.keyHeads());
                Value v = projection(u, layer + "self_attn.v_proj");
                Value mixed = ops.attention(q, perQueryHead(k), perQueryHead(v), mask, heads());
                Value attended =
                        graph.op(OnnxOp.Add, state[0], linears.product(mixed, layer + "self_attn.o_proj.weight"));
                state[0] = graph.op(OnnxOp.Add, attended, feedForward(layer, attended));
            });
        }
        graph.output("hidden", state[0], DType.F32, ONE, TOKENS, width);
        return graph.build(Map.of());
    }

    private NeuralOps.Heads heads() {
        return new NeuralOps.Heads(config.heads(), (float) (1 / Math.sqrt(config.headDim())));
    }

    private Value projection(Value x, String layer) {
        return config.hasBiases() ? linears.linear(x, layer) : linears.product(x, layer + ".weight");
    }

    private Value rotate(Value x, Value cos, Value sin, int heads) {
        return config.rotary().interleaved() ? ops.rotate(x, cos, sin, heads) : ops.rotateHalves(x, cos, sin, heads);
    }

    /// Every key head once for each query head that reads it.
    private Value perQueryHead(Value x) {
        int group = config.heads() / config.keyHeads();
        if (group == 1) {
            return x;
        }
        Value split = graph.op(OnnxOp.Reshape, x, graph.longs(0, 0, config.keyHeads(), 1, config.headDim()));
        Value repeated = graph.op(OnnxOp.Expand, split, graph.longs(1, 1, 1, group, 1));
        return graph.op(OnnxOp.Reshape, repeated, graph.longs(0, 0, (long) config.heads() * config.headDim()));
    }

    private Value feedForward(String layer, Value x) {
        Value u = norm(x, layer + "post_attention_layernorm.weight");
        Value gate = ops.silu(linears.product(u, layer + "mlp.gate_proj.weight"));
        Value gated = graph.op(OnnxOp.Mul, gate, linears.product(u, layer + "mlp.up_proj.weight"));
        return linears.product(gated, layer + "mlp.down_proj.weight");
    }

    private Value norm(Value x, String name) {
        return ops.rmsNorm(x, linears.weight(name), config.epsilon());
    }
}
