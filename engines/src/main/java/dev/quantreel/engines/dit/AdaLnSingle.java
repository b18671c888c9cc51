package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.List;

/// The adaLN-single of PixArt-α (Chen et al. 2023, arXiv 2310.00426), which LTX-Video and Latte inherit under the same
/// tensor names: one projection of the timestep to six vectors for all blocks, to which each block adds a learned
/// table.
///
/// @param ops operations on the graph that receives the nodes
/// @param weights by canonical names
/// @param floats linears outside the blocks, on the same weights
/// @param dim width of a token
public record AdaLnSingle(NeuralOps ops, FloatWeights weights, FloatLinears floats, int dim) {

    /// Vectors per block: shift, scale and gate of the attention, then of the feed-forward network.
    public static final int VECTORS = 6;

    /// Epsilon of the norms that are modulated.
    public static final float EPSILON = 1e-6f;

    /// What the timestep becomes.
    ///
    /// @param embedding `[timesteps, dim]`
    /// @param projection `[timesteps, 6, dim]`
    public record Time(Value embedding, Value projection) {}

    /// Embeds the timestep.
    ///
    /// @param features sinusoidal, `[timesteps, freqDim]`
    public Time time(Value features) {
        OnnxGraphBuilder graph = ops.graph();
        String embedder = "adaln_single.emb.timestep_embedder.";
        Value hidden = ops.silu(floats.linear(graph, features, embedder + "linear_1"));
        Value embedding = floats.linear(graph, hidden, embedder + "linear_2");
        Value projection = floats.linear(graph, ops.silu(embedding), "adaln_single.linear");
        return new Time(embedding, graph.op(OnnxOp.Reshape, projection, graph.longs(-1, VECTORS, dim)));
    }

    /// Brings the text encoder's vectors to the width of a token.
    ///
    /// @param context `[1, text, textDim]`
    public Value caption(Value context) {
        OnnxGraphBuilder graph = ops.graph();
        Value hidden = ops.gelu(floats.linear(graph, context, "caption_projection.linear_1"));
        return floats.linear(graph, hidden, "caption_projection.linear_2");
    }

    /// What modulates one block at this step.
    ///
    /// @param block name of the block, which has a `scale_shift_table`
    /// @param projection `[timesteps, 6, dim]`
    /// @return `[timesteps, 6, dim]`
    public Value modulation(String block, Value projection) {
        return ops.graph().op(OnnxOp.Add, weight(block + ".scale_shift_table"), projection);
    }

    /// The vectors of a modulation.
    ///
    /// @param modulation `[timesteps, count, dim]`
    /// @return `count` values `[timesteps, 1, dim]`
    public List<Value> split(Value modulation, int count) {
        return ops.graph().op(OnnxOp.Split, count, Attributes.of("axis", 1).and("num_outputs", count), modulation);
    }

    /// Norm, modulation and projection after the last block.
    ///
    /// @param tokens `[1, tokens, dim]`
    /// @param embedding `[timesteps, dim]`
    /// @return `[1, tokens, out]`
    public Value head(Value tokens, Value embedding) {
        OnnxGraphBuilder graph = ops.graph();
        Value time = graph.op(OnnxOp.Unsqueeze, embedding, graph.longs(1));
        List<Value> vectors = split(graph.op(OnnxOp.Add, weight("scale_shift_table"), time), 2);
        Value normal = ops.layerNorm(tokens, dim, EPSILON);
        Value modulated = ops.perTimestep(vectors.get(0), normal, x -> ops.modulate(x, vectors.get(0), vectors.get(1)));
        return floats.linear(graph, modulated, "proj_out");
    }

    private Value weight(String name) {
        return ops.graph().initializer(name, weights.tensor(name));
    }
}
