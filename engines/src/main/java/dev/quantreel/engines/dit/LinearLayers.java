package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import java.util.List;

/// How the linears of the transformer blocks are emitted: the seam between a model family, which says what is
// multiplied, and
/// a quantization, which says how. Layers are named by their weight key without `.weight`, as in
// `blocks.0.self_attn.q`.
public interface LinearLayers {

    /// Prepares an activation once for all `layers` that read it: rotates and quantizes it, or leaves it as it is.
    ///
    /// @param x F32 `[batch, tokens, in]`
    Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers);

    /// Emits `y = x Wᵀ + b`.
    ///
    /// @param input what [#prepare] returned for a group that contains `layer`
    /// @return F32 `[batch, tokens, out]`
    Value apply(OnnxGraphBuilder graph, Input input, String layer);

    /// A prepared activation; only the instance that prepared it can apply it.
    interface Input {}
}
