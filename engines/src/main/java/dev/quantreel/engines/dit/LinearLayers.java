package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How the linears of the transformer blocks are emitted: the seam between a model family, which says what is
/// multiplied, and a quantization, which says how. Layers are named by their weight key without `.weight`, as in
/// `blocks.0.self_attn.q`.
///
/// One instance serves several graphs of one model (the text graph holds the cross-attention keys and values, the
/// trunk all other linears), one after the other. Per graph the caller calls [#declareInputs] once, then [#prepare]
/// and [#apply] as often as needed.
public interface LinearLayers {

    /// Declares the graph inputs that the emitted linears read besides their activations, for example the scalars
    /// `activation_max` and `activation_clip`. Called once per graph, before the first [#prepare] on it; an
    /// implementation remembers the values per builder. Declaring nothing is right for full precision.
    default void declareInputs(OnnxGraphBuilder graph) {}

    /// What to feed to the inputs of [#declareInputs] so that activations have `activationBits` bits, by input name;
    /// exactly the declared names.
    ///
    /// @param activationBits 4, 6 or 8
    default Map<String, Tensor> inputs(int activationBits) {
        return Map.of();
    }

    /// These linears with activation bits of each block's own, which tell what every block contributes ([#passed]):
    /// graph inputs are those of [#inputs], once per block, with its name behind theirs ([#ofBlock]). Empty where
    /// bits cannot be chosen.
    default Optional<LinearLayers> byBlock() {
        return Optional.empty();
    }

    /// What to feed to the inputs of [#byBlock].
    ///
    /// @param blocks names
    /// @param bits of each of them, as in [#inputs(int)]
    default Map<String, Tensor> inputs(List<String> blocks, List<Integer> bits) {
        Map<String, Tensor> all = new HashMap<>();
        for (int i = 0; i < blocks.size(); i++) {
            String block = blocks.get(i);
            inputs(bits.get(i)).forEach((name, value) -> all.put(ofBlock(name, block), value));
        }
        return all;
    }

    /// Name of an input of one block.
    static String ofBlock(String input, String block) {
        return input + ":" + block;
    }

    /// Told by a trunk that a block is behind it.
    ///
    /// @param block its name, what its layers' names have in common up to the first number
    /// @param before tokens that it read, F32 `[branches, tokens, dim]`
    /// @param after the same tokens as it left them
    default void passed(OnnxGraphBuilder graph, String block, Value before, Value after) {}

    /// How activations are quantized; empty where they are not.
    default Optional<ActivationQuantizer> activations() {
        return Optional.empty();
    }

    /// Prepares an activation once for all `layers` that read it: rotates and quantizes it, or leaves it as it is.
    ///
    /// @param x F32 `[batch, tokens, in]`
    Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers);

    /// Emits `y = x Wᵀ + b`.
    ///
    /// @param input what [#prepare] returned for a group that contains `layer`
    /// @return F32 `[batch, tokens, out]`
    Value apply(OnnxGraphBuilder graph, Input input, String layer);

    /// The activation that meets the weight of `layer`, before any rounding: smoothed and rotated where the weight is,
    /// otherwise as it came.
    ///
    /// @param input what [#prepare] returned for a group that contains `layer`
    /// @return F32 `[batch, tokens, in]`
    Value operand(Input input, String layer);

    /// Emits a linear that makes modulation vectors: `y = x Wᵀ + b` with `x` as it is, whatever form the weight has.
    /// May be called without [#declareInputs].
    ///
    /// @param x F32 `[..., in]`, one row a step
    /// @param layer one of [TransformerArchitecture#modulationLinears]
    /// @return F32 `[..., out]`
    Value modulation(OnnxGraphBuilder graph, Value x, String layer);

    /// A prepared activation; only the instance that prepared it can apply it.
    interface Input {}
}
