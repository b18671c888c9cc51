package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;

/// An encoded prompt, as the text encoders of a model family leave it.
///
/// @param context F32 `[1, tokens, width]`, one vector per token of the main encoder (UMT5, T5, Llama, Qwen2.5-VL);
/// zero beyond `length`
/// @param length how many of the tokens are real, padding left out
/// @param pooled F32 `[1, width]`, one vector for the whole prompt (CLIP-L), where the family reads one
/// @param glyphs F32 `[1, tokens, width]`, ByT5's vectors of the text to be written into the picture, where the family
/// reads them and the prompt quotes some
public record PromptEmbedding(Tensor context, int length, Optional<Tensor> pooled, Optional<Tensor> glyphs) {

    public PromptEmbedding {
        if (context.shape().rank() != 3
                || length < 0
                || length > context.shape().dim(1)) {
            throw new IllegalArgumentException("a context of " + context.shape() + " cannot have " + length
                    + " real tokens; expected 1 x tokens x width");
        }
    }

    /// A prompt of one encoder whose tokens are all real.
    public static PromptEmbedding of(Tensor context) {
        return new PromptEmbedding(
                context, Math.toIntExact(context.shape().dim(1)), Optional.empty(), Optional.empty());
    }
}
