package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.LinkedHashMap;
import java.util.Map;

/// The sizes of a Llama 3 or Qwen2.5 language model of which the hidden states before the last two layers are read
/// (HunyuanVideo's `hidden_states[-3]`): neither those layers nor the final norm are run.
///
/// @param family Llama has no biases, Qwen2.5 has them on q, k and v
/// @param vocabulary rows of the embedding
/// @param dim width of a token
/// @param heads query heads
/// @param keyHeads key and value heads, each shared by `heads / keyHeads` query heads
/// @param headDim width of a head
/// @param ffnDim width inside the gated feed-forward network
/// @param layers layers of the model; [#LAYERS_LEFT_OUT] fewer are run
/// @param rotary positions
/// @param epsilon of every RMSNorm
record DecoderConfig(
        TextEncoderFamily family,
        int vocabulary,
        int dim,
        int heads,
        int keyHeads,
        int headDim,
        int ffnDim,
        int layers,
        Rotary rotary,
        float epsilon)
        implements EncoderConfig {

    /// Layers at the end that are not run.
    static final int LAYERS_LEFT_OUT = 2;

    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String FINAL_NORM = "model.norm.weight";
    static final String MARK = "model.layers.0.self_attn.q_proj.weight";

    /// Graph inputs, F32 `[tokens, headDim / 2]`.
    static final String COS = "cos";

    static final String SIN = "sin";

    private static final int HEAD_DIM = 128;

    /// @param theta base of the frequencies
    /// @param interleaved whether pairs lie side by side (GGUF's Llama) instead of half a head apart
    record Rotary(double theta, boolean interleaved) {}

    static DecoderConfig read(Checkpoint checkpoint) {
        boolean biased = checkpoint.contains(layer(0) + "self_attn.q_proj.bias");
        TextEncoderFamily family = biased ? TextEncoderFamily.QWEN_25_VL : TextEncoderFamily.LLAMA;
        EncoderMetadata metadata = EncoderMetadata.of(checkpoint);
        int layers = 0;
        while (checkpoint.contains(layer(layers) + "self_attn.q_proj.weight")) {
            layers++;
        }
        int queries = CheckpointShapes.extent(checkpoint, MARK, 2, 0);
        int keys = CheckpointShapes.extent(checkpoint, layer(0) + "self_attn.k_proj.weight", 2, 0);
        int heads = metadata.integer("num_attention_heads", Math.max(1, queries / HEAD_DIM));
        int headDim = metadata.integer("head_dim", queries / heads);
        int keyHeads = metadata.integer("num_key_value_heads", keys / headDim);
        if (heads * headDim != queries || keyHeads * headDim != keys || heads % keyHeads != 0 || headDim % 2 != 0) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    heads + " query and " + keyHeads + " key heads of " + headDim + " do not make attention widths of "
                            + queries + " and " + keys);
        }
        boolean interleaved = checkpoint instanceof EncoderKeys keyed && keyed.hasInterleavedRotaryPairs();
        Rotary rotary = new Rotary(metadata.real("rope_theta", biased ? 1e6 : 5e5), interleaved);
        return new DecoderConfig(
                family,
                CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 0),
                CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 1),
                heads,
                keyHeads,
                headDim,
                CheckpointShapes.extent(checkpoint, layer(0) + "mlp.gate_proj.weight", 2, 0),
                layers,
                rotary,
                (float) metadata.real("rms_norm_eps", biased ? 1e-6 : 1e-5));
    }

    static String layer(int index) {
        return "model.layers." + index + ".";
    }

    /// Without the last ones, whose output nobody reads.
    @Override
    public int layersRun() {
        return Math.max(0, layers - LAYERS_LEFT_OUT);
    }

    boolean hasBiases() {
        return family == TextEncoderFamily.QWEN_25_VL;
    }

    @Override
    public String embedding() {
        return EMBEDDING;
    }

    @Override
    public OnnxModel graph(EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return DecoderGraph.build(this, weights, dialect, section);
    }

    /// Angles in double precision: `position * theta^(-2j / headDim)`.
    @Override
    public Map<String, Tensor> positions(int tokens) {
        int half = headDim / 2;
        Tensor cos = Tensor.zeros(DType.F32, Shape.of(tokens, half));
        Tensor sin = Tensor.zeros(DType.F32, Shape.of(tokens, half));
        for (int token = 0; token < tokens; token++) {
            for (int j = 0; j < half; j++) {
                double angle = token * Math.pow(rotary.theta(), -2.0 * j / headDim);
                long at = ((long) token * half + j) * Float.BYTES;
                cos.data().set(Tensor.FLOAT, at, (float) Math.cos(angle));
                sin.data().set(Tensor.FLOAT, at, (float) Math.sin(angle));
            }
        }
        return Map.of(CausalMask.INPUT, CausalMask.of(tokens), COS, cos, SIN, sin);
    }

    @Override
    public boolean isLeftOut(String name) {
        return name.startsWith("lm_head.")
                || name.startsWith("model.lm_head.")
                || name.equals(FINAL_NORM)
                || name.endsWith("rotary_emb.inv_freq")
                || isLaterLayer(name);
    }

    private boolean isLaterLayer(String name) {
        for (int i = layersRun(); i < layers; i++) {
            if (name.startsWith(layer(i))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(EMBEDDING, Shape.of(vocabulary, dim));
        int queries = heads * headDim;
        int keys = keyHeads * headDim;
        for (int i = 0; i < layersRun(); i++) {
            String layer = layer(i);
            shapes.put(layer + "input_layernorm.weight", Shape.of(dim));
            shapes.put(layer + "self_attn.q_proj.weight", Shape.of(queries, dim));
            shapes.put(layer + "self_attn.k_proj.weight", Shape.of(keys, dim));
            shapes.put(layer + "self_attn.v_proj.weight", Shape.of(keys, dim));
            if (hasBiases()) {
                shapes.put(layer + "self_attn.q_proj.bias", Shape.of(queries));
                shapes.put(layer + "self_attn.k_proj.bias", Shape.of(keys));
                shapes.put(layer + "self_attn.v_proj.bias", Shape.of(keys));
            }
            shapes.put(layer + "self_attn.o_proj.weight", Shape.of(dim, queries));
            shapes.put(layer + "post_attention_layernorm.weight", Shape.of(dim));
            shapes.put(layer + "mlp.gate_proj.weight", Shape.of(ffnDim, dim));
            shapes.put(layer + "mlp.up_proj.weight", Shape.of(ffnDim, dim));
            shapes.put(layer + "mlp.down_proj.weight", Shape.of(dim, ffnDim));
        }
        return shapes;
    }
}
