package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.Set;

/// A Wan 2.1 text-to-video transformer as four graphs, cut where caches and bit switching sit. Together they hold
/// every tensor of the checkpoint once. Token counts are symbolic: one session serves any clip size.
///
/// @param text the prompt's part: `context` F32 `[1, text, textDim]` to the cross-attention keys and values
/// `blocks.i.k`, `blocks.i.v` F32 `[1, text, dim]`; runs once per prompt
/// @param prelude `latent` F32 `[1, channels, frames, height, width]` (even height and width) and `time_features`
/// F32 `[1, freqDim]` to `tokens`, `time_embedding`, `time_projection`
/// @param trunk the blocks: `tokens` F32 `[1, tokens, dim]`, `time_projection`, `rope_cos` and `rope_sin` F32
/// `[tokens, headDim / 2]`, keys and values to `out` F32 `[1, tokens, dim]`
/// @param head `tokens`, `time_embedding` and `grid` I64 `[3]` (frames, patch rows, patch columns) to `velocity`,
/// shaped as the latent
public record WanGraphs(OnnxModel text, OnnxModel prelude, OnnxModel trunk, OnnxModel head) {

    /// Prefix of the additional outputs that carry the inputs of recorded layers.
    public static final String RECORDED = "input:";

    /// How the graphs are built.
    ///
    /// @param dialect operators that may be used
    /// @param recorded layers (names as in [LinearLayers]) whose inputs become additional outputs `input:LAYER`,
    /// F32 `[1, tokens, in]`, before any rotation or rounding
    public record Options(Dialect dialect, Set<String> recorded) {

        public static final Options DEFAULTS = new Options(Dialect.ONNX_RUNTIME, Set.of());

        public Options {
            recorded = Set.copyOf(recorded);
        }
    }

    /// Builds the four graphs.
    ///
    /// @param checkpoint weights by canonical names
    /// @param linears emits the linears of the blocks; everything else is computed in F32
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a weight is not finite
    public static WanGraphs build(WanCheckpoint checkpoint, LinearLayers linears, Options options) {
        WanGraphBuilder builder = new WanGraphBuilder(
                checkpoint.config(),
                new FloatWeights(checkpoint),
                new RecordingLinears(linears, options.recorded()),
                options.dialect());
        return new WanGraphs(builder.text(), builder.prelude(), builder.trunk(), builder.head());
    }
}
