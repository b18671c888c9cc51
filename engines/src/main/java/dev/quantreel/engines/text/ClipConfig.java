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

/// The sizes of CLIP's text model (Radford et al. 2021, ViT-L/14).
///
/// @param vocabulary rows of the embedding; the last one is the end token
/// @param positions tokens the position table reaches to
/// @param dim width of a token
/// @param heads attention heads, 64 wide unless the metadata says otherwise
/// @param ffnDim width inside the feed-forward network
/// @param layers encoder blocks
record ClipConfig(int vocabulary, int positions, int dim, int heads, int ffnDim, int layers) implements EncoderConfig {

    /// Epsilon of every LayerNorm.
    static final float EPSILON = 1e-5f;

    static final String EMBEDDING = "text_model.embeddings.token_embedding.weight";
    static final String POSITIONS = "text_model.embeddings.position_embedding.weight";
    static final String FINAL_NORM = "text_model.final_layer_norm";
    static final String MARK = "text_model.encoder.layers.0.mlp.fc1.weight";

    private static final int HEAD_DIM = 64;
    private static final int WIDEST = 1024;

    static ClipConfig read(Checkpoint checkpoint) {
        int layers = 0;
        while (checkpoint.contains(layer(layers) + "mlp.fc1.weight")) {
            layers++;
        }
        int dim = CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 1);
        if (dim > WIDEST) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    "this is a CLIP text encoder of width " + dim + " (CLIP-G or larger, with another activation); "
                            + "accepted is CLIP-L of width 768, " + TextEncoderFamily.CLIP_L.usualFile());
        }
        int heads = EncoderMetadata.of(checkpoint).integer("num_attention_heads", Math.max(1, dim / HEAD_DIM));
        if (dim % heads != 0) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), heads + " heads do not divide a width of " + dim);
        }
        return new ClipConfig(
                CheckpointShapes.extent(checkpoint, EMBEDDING, 2, 0),
                CheckpointShapes.extent(checkpoint, POSITIONS, 2, 0),
                dim,
                heads,
                CheckpointShapes.extent(checkpoint, MARK, 2, 0),
                layers);
    }

    static String layer(int index) {
        return "text_model.encoder.layers." + index + ".";
    }

    /// Token after whose first occurrence nothing counts; its row is the pooled vector.
    int endToken() {
        return vocabulary - 1;
    }

    @Override
    public TextEncoderFamily family() {
        return TextEncoderFamily.CLIP_L;
    }

    @Override
    public String embedding() {
        return EMBEDDING;
    }

    @Override
    public int longest() {
        return positions;
    }

    @Override
    public int layersRun() {
        return layers;
    }

    @Override
    public OnnxModel graph(EncoderWeights weights, Dialect dialect, EncoderSection section) {
        return ClipGraph.build(this, weights, dialect, section);
    }

    @Override
    public Map<String, Tensor> positions(int tokens) {
        return Map.of(CausalMask.INPUT, CausalMask.of(tokens));
    }

    @Override
    public boolean isLeftOut(String name) {
        return name.endsWith("position_ids")
                || name.equals("logit_scale")
                || name.startsWith("text_projection")
                || name.startsWith("visual_projection");
    }

    @Override
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(EMBEDDING, Shape.of(vocabulary, dim));
        shapes.put(POSITIONS, Shape.of(positions, dim));
        for (int i = 0; i < layers; i++) {
            for (String norm : new String[] {"layer_norm1", "layer_norm2"}) {
                shapes.put(layer(i) + norm + ".weight", Shape.of(dim));
                shapes.put(layer(i) + norm + ".bias", Shape.of(dim));
            }
            for (String part : new String[] {"q_proj", "k_proj", "v_proj", "out_proj"}) {
                shapes.put(layer(i) + "self_attn." + part + ".weight", Shape.of(dim, dim));
                shapes.put(layer(i) + "self_attn." + part + ".bias", Shape.of(dim));
            }
            shapes.put(layer(i) + "mlp.fc1.weight", Shape.of(ffnDim, dim));
            shapes.put(layer(i) + "mlp.fc1.bias", Shape.of(ffnDim));
            shapes.put(layer(i) + "mlp.fc2.weight", Shape.of(dim, ffnDim));
            shapes.put(layer(i) + "mlp.fc2.bias", Shape.of(dim));
        }
        shapes.put(FINAL_NORM + ".weight", Shape.of(dim));
        shapes.put(FINAL_NORM + ".bias", Shape.of(dim));
        return shapes;
    }
}
