package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
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

    /// The real tokens alone.
    ///
    /// @return F32 `[1, length, width]`, a view
    public Tensor valid() {
        return rows(length);
    }

    /// The tokens that a model looks at which masks padding out: the real ones, or all of them where none is real,
    /// since a mask that forbids everything forbids nothing.
    ///
    /// @return F32 `[1, tokens, width]`, a view
    public Tensor attended() {
        return length == 0 ? context : valid();
    }

    /// The real tokens, followed by zeros.
    ///
    /// @param tokens more than `length` pads, fewer cuts
    /// @return F32 `[1, tokens, width]`
    public Tensor padded(int tokens) {
        if (context.shape().dim(1) == tokens && length == tokens) {
            return context;
        }
        Tensor kept = rows(Math.min(length, tokens));
        Tensor padded =
                Tensor.zeros(DType.F32, Shape.of(1, tokens, context.shape().dim(2)));
        MemorySegment.copy(kept.data(), 0, padded.data(), 0, kept.data().byteSize());
        return padded;
    }

    /// Checks that the context fits a model.
    ///
    /// @param width what the model reads
    /// @param encoder which text encoder belongs to it
    /// @throws IllegalArgumentException when it has another type or width
    public void requireWidth(int width, TextEncoderFamily encoder) {
        if (context.dtype() != DType.F32 || context.shape().dim(2) != width) {
            throw new IllegalArgumentException("the prompt was encoded to " + context.dtype() + context.shape()
                    + ", vectors of " + context.shape().dim(2) + " values; this model reads " + width
                    + ": use its own text encoder, " + encoder.title() + " (" + encoder.usualFile() + ")");
        }
    }

    private Tensor rows(int count) {
        long width = context.shape().dim(2);
        return new Tensor(
                context.dtype(),
                Shape.of(1, count, width),
                context.data().asSlice(0, context.dtype().byteSize(count * width)));
    }

    /// A prompt of one encoder whose tokens are all real.
    public static PromptEmbedding of(Tensor context) {
        return of(context, Math.toIntExact(context.shape().dim(1)));
    }

    /// A prompt of one encoder.
    ///
    /// @param length tokens that are real
    public static PromptEmbedding of(Tensor context, int length) {
        return new PromptEmbedding(context, length, Optional.empty(), Optional.empty());
    }

    /// This prompt with what a second encoder makes of it.
    ///
    /// @param second of CLIP-L, whose pooled vector is taken, or of ByT5, whose tokens are the glyphs
    public PromptEmbedding with(TextEncoderFamily family, PromptEmbedding second) {
        return switch (family) {
            case CLIP_L -> new PromptEmbedding(context, length, second.pooled, glyphs);
            case BYT5 ->
                new PromptEmbedding(
                        context, length, pooled, second.length == 0 ? Optional.empty() : Optional.of(second.context));
            case UMT5, T5, LLAMA, QWEN_25_VL ->
                throw new IllegalArgumentException(family.title() + " cannot be the second encoder of a prompt");
        };
    }
}
