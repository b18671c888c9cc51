package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxModel;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A diffusion transformer as graphs, cut where caches and bit switching sit. Together they hold every tensor of the
/// checkpoint once. Token counts are symbolic: one session serves any clip size.
///
/// Inputs are fed by name from a pool, see [TransformerArchitecture].
///
/// @param text what depends on the prompt alone, such as cross-attention keys and values; runs once per prompt. Its
/// outputs are inputs of the trunk
/// @param prelude `latent` and timestep features to `tokens` F32 `[1, tokens, dim]`, and where the family has them to
/// [#TIME_EMBEDDING], [#TIME_PROJECTION], [#MODULATED_INPUT]; all outputs can be read by trunk and head
/// @param trunk the blocks: `tokens` (those of the picture) and the like to `out`, shaped as `tokens`
/// @param head `tokens` and the like to [#PREDICTION], shaped as the latent `[1, channels, frames, height, width]`
public record SplitGraphs(Optional<OnnxModel> text, OnnxModel prelude, OnnxModel trunk, OnnxModel head) {

    /// Prefix of the additional outputs that carry the inputs of recorded layers, F32 `[1, tokens, in]`, before any
    /// rotation or rounding.
    public static final String RECORDED = "input:";

    /// Prefix of the additional outputs of a trunk by block ([LinearLayers#byBlock]): what a block added to some
    /// tokens, F32 `[1, some, dim]`.
    public static final String CONTRIBUTION = "contribution:";

    /// Input of trunk and head, output of the prelude.
    public static final String TOKENS = "tokens";

    /// Output of the trunk.
    public static final String OUT = "out";

    /// Output of the head.
    public static final String PREDICTION = "prediction";

    /// Output of the prelude that depends on the timestep alone.
    public static final String TIME_EMBEDDING = "time_embedding";

    /// Output of the prelude: the six modulation vectors.
    public static final String TIME_PROJECTION = "time_projection";

    /// Output of the prelude: input of block 0 after norm, shift and scale.
    public static final String MODULATED_INPUT = "modulated_input";

    /// Whether a graph is the [#trunk] of some model, whatever else its linears tell.
    public static boolean isTrunk(OnnxModel model) {
        return model.proto().getGraph().getOutputList().stream()
                .anyMatch(output -> output.getName().equals(OUT));
    }

    /// All graphs in the order they run.
    public List<OnnxModel> all() {
        return Stream.concat(text.stream(), Stream.of(prelude, trunk, head)).toList();
    }
}
