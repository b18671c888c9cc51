package dev.quantreel.engines.text;

import java.util.Optional;

/// What HunyuanVideo puts around a prompt before a language model reads it. The vectors of what stands before the
/// prompt are cut off again.
///
/// The texts are those of HunyuanVideo's `hyvideo/constants.py` (95 tokens before the prompt) and of HunyuanVideo 1.5
/// (108 tokens), whose system message keeps the indentation of its source.
///
/// @param before text before the prompt
/// @param after text after the prompt, which stays
/// @param empty what stands for an empty prompt
record ChatTemplate(String before, String after, String empty) {

    private static final String LLAMA_SYSTEM = "Describe the video by detailing the following aspects: "
            + "1. The main content and theme of the video."
            + "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects."
            + "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects."
            + "4. background environment, light, style and atmosphere."
            + "5. camera angles, movements, and transitions used in the video:";

    private static final String INDENT = "        ";

    private static final String QWEN_SYSTEM =
            "You are a helpful assistant. Describe the video by detailing the following aspects: "
                    + INDENT + "1. The main content and theme of the video. "
                    + INDENT
                    + "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects. "
                    + INDENT
                    + "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects. "
                    + INDENT + "4. background environment, light, style and atmosphere. "
                    + INDENT + "5. camera angles, movements, and transitions used in the video.";

    private static final ChatTemplate LLAMA = new ChatTemplate(
            "<|start_header_id|>system<|end_header_id|>\n\n" + LLAMA_SYSTEM
                    + "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|>",
            "");

    private static final ChatTemplate QWEN = new ChatTemplate(
            "<|im_start|>system\n" + QWEN_SYSTEM + "<|im_end|>\n<|im_start|>user\n",
            "<|im_end|>\n<|im_start|>assistant\n",
            " ");

    /// The template of an encoder family; empty where prompts go in as they are.
    static Optional<ChatTemplate> of(TextEncoderFamily family) {
        return switch (family) {
            case LLAMA -> Optional.of(LLAMA);
            case QWEN_25_VL -> Optional.of(QWEN);
            case UMT5, T5, BYT5, CLIP_L -> Optional.empty();
        };
    }

    String around(String prompt) {
        return before + (prompt.isEmpty() ? empty : prompt) + after;
    }

    /// Tokens to cut off in front: those of [#before], begin token included.
    int crop(PromptTokenizer tokenizer) {
        return tokenizer.encode(before).length;
    }
}
