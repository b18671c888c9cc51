package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// The sizes of a T5 v1.1 or UMT5 encoder, read from the shapes of its tensors.
///
/// @param vocabulary rows of the embedding
/// @param dim width of a token
/// @param heads attention heads
/// @param headDim width of a head; `heads * headDim` need not be `dim`
/// @param ffnDim width inside the gated feed-forward network
/// @param layers encoder blocks
/// @param buckets relative positions that are told apart
/// @param biasPerLayer whether every block has its own position bias (UMT5) or all use that of block 0 (T5)
record T5Config(
        int vocabulary, int dim, int heads, int headDim, int ffnDim, int layers, int buckets, boolean biasPerLayer)
        implements EncoderConfig {

    /// Epsilon of every RMSNorm.
    static final float EPSILON = 1e-6f;

    static final String EMBEDDING = "shared.weight";
    static final String FINAL_NORM = "encoder.final_layer_norm.weight";

    /// Rows of a byte vocabulary: 256 bytes, three special tokens and 125 sentinels; with glyph fonts and colours 1510.
    private static final Set<Integer> BYTE_VOCABULARIES = Set.of(384, 1510);

    static T5Config read(Checkpoint checkpoint) {
        int layers = 0;
        while (checkpoint.contains(attention(layers) + "q.weight")) {
            layers++;
        }
        int heads = CheckpointShapes.extent(checkpoint, bias(0), 2, 1);
        int inner = CheckpointShapes.extent(checkpoint, attention(0) + "q.weight", 2, 0);
        if (heads == 0 || inner % heads != 0) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), heads + " heads do not divide an attention width of " + inner);
        }
        return new T5Config(
                CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 0),
                CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 1),
                heads,
                inner / heads,
                CheckpointShapes.extent(checkpoint, feedForward(0) + "wi_0.weight", 2, 0),
                layers,
                CheckpointShapes.extent(checkpoint, bias(0), 2, 0),
                layers > 1 && checkpoint.contains(bias(1)));
    }

    static String attention(int layer) {
        return "encoder.block." + layer + ".layer.0.SelfAttention.";
    }

    static String attentionNorm(int layer) {
        return "encoder.block." + layer + ".layer.0.layer_norm.weight";
    }

    static String feedForward(int layer) {
        return "encoder.block." + layer + ".layer.1.DenseReluDense.";
    }

    static String feedForwardNorm(int layer) {
        return "encoder.block." + layer + ".layer.1.layer_norm.weight";
    }

    static String bias(int layer) {
        return attention(layer) + "relative_attention_bias.weight";
    }

    @Override
    public TextEncoderFamily family() {
        if (biasPerLayer) {
            return TextEncoderFamily.UMT5;
        }
        return BYTE_VOCABULARIES.contains(vocabulary) ? TextEncoderFamily.BYT5 : TextEncoderFamily.T5;
    }

    @Override
    public String embedding() {
        return EMBEDDING;
    }

    @Override
    public int layersRun() {
        return layers;
    }

    @Override
    public OnnxModel graph(EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return T5Graph.build(this, weights, dialect, section);
    }

    @Override
    public Map<String, Tensor> positions(int tokens) {
        return Map.of(T5Graph.BUCKETS, RelativeBuckets.of(tokens, buckets));
    }

    @Override
    public boolean isLeftOut(String name) {
        return name.startsWith("decoder.") || name.startsWith("lm_head.");
    }

    @Override
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        int inner = heads * headDim;
        shapes.put(EMBEDDING, Shape.of(vocabulary, dim));
        for (int i = 0; i < layers; i++) {
            shapes.put(attentionNorm(i), Shape.of(dim));
            for (String part : new String[] {"q", "k", "v"}) {
                shapes.put(attention(i) + part + ".weight", Shape.of(inner, dim));
            }
            shapes.put(attention(i) + "o.weight", Shape.of(dim, inner));
            if (i == 0 || biasPerLayer) {
                shapes.put(bias(i), Shape.of(buckets, heads));
            }
            shapes.put(feedForwardNorm(i), Shape.of(dim));
            shapes.put(feedForward(i) + "wi_0.weight", Shape.of(ffnDim, dim));
            shapes.put(feedForward(i) + "wi_1.weight", Shape.of(ffnDim, dim));
            shapes.put(feedForward(i) + "wo.weight", Shape.of(dim, ffnDim));
        }
        shapes.put(FINAL_NORM, Shape.of(dim));
        return shapes;
    }
}
