package dev.quantreel.engines.text;

import java.util.Optional;

/// How long an encoded prompt is and how it is filled up: the business of the video model, not of its encoder.
///
/// @param maxTokens longer prompts are cut, the tokens of a chat template not counted
/// @param padding what follows the prompt
public record PromptFormat(int maxTokens, Padding padding) {

    private static final int COGVIDEOX_TOKENS = 226;
    private static final int LTX_TOKENS = 128;
    private static final int LATTE_TOKENS = 120;
    private static final int WAN_TOKENS = 512;
    private static final int LLAMA_TOKENS = 256;
    private static final int QWEN_TOKENS = 1000;
    private static final int GLYPH_TOKENS = 256;
    private static final int CLIP_TOKENS = 77;

    /// What stands after the last token.
    public enum Padding {
        /// Nothing: the model masks padding, so there is none.
        NONE,
        /// Zero vectors up to the maximum: Wan reads them like tokens.
        ZEROS,
        /// Padding tokens that go through the encoder and are seen by the others: CogVideoX was trained so.
        TOKENS
    }

    public PromptFormat {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("a prompt of at most " + maxTokens + " tokens; accepted is 1 or more");
        }
    }

    /// The format of an encoder for a video model.
    ///
    /// @param target the model; empty takes the one that is most used with the encoder
    public static PromptFormat of(TextEncoderFamily family, Optional<TargetModel> target) {
        return switch (family) {
            case UMT5 -> new PromptFormat(WAN_TOKENS, Padding.ZEROS);
            case T5 -> t5(target);
            case BYT5 -> new PromptFormat(GLYPH_TOKENS, Padding.NONE);
            case CLIP_L -> new PromptFormat(CLIP_TOKENS, Padding.NONE);
            case LLAMA -> new PromptFormat(LLAMA_TOKENS, Padding.NONE);
            case QWEN_25_VL -> new PromptFormat(QWEN_TOKENS, Padding.NONE);
        };
    }

    private static PromptFormat t5(Optional<TargetModel> target) {
        if (target.isEmpty()) {
            return new PromptFormat(WAN_TOKENS, Padding.NONE);
        }
        return switch (target.get()) {
            case LTX_VIDEO -> new PromptFormat(LTX_TOKENS, Padding.NONE);
            case COGVIDEOX -> new PromptFormat(COGVIDEOX_TOKENS, Padding.TOKENS);
            case LATTE -> new PromptFormat(LATTE_TOKENS, Padding.NONE);
            case WAN, HUNYUAN_VIDEO, HUNYUAN_VIDEO_15 -> new PromptFormat(WAN_TOKENS, Padding.NONE);
        };
    }

    /// The same with another length.
    public PromptFormat withMaxTokens(int tokens) {
        return new PromptFormat(tokens, padding);
    }
}
