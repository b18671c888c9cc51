package dev.quantreel.engines.text;

import java.util.stream.Collectors;

/// The text encoders that video diffusion transformers were trained with, told apart by the keys and shapes of their
/// files ([TextEncoder#family]).
public enum TextEncoderFamily {
    /// Multilingual T5 with a position bias in every block.
    UMT5("UMT5-XXL", "umt5_xxl_fp16.safetensors", "the tokenizer.json of google/umt5-xxl"),
    /// T5 v1.1: the position bias of block 0 serves all.
    T5("T5-XXL", "t5xxl_fp16.safetensors", "the tokenizer.json of google/t5-v1_1-xxl"),
    CLIP_L("CLIP-L", "clip_l.safetensors", "the tokenizer.json of openai/clip-vit-large-patch14"),
    /// The language model of LLaVA.
    LLAMA(
            "LLaVA-Llama-3-8B",
            "llava_llama3_fp8_scaled.safetensors",
            "the tokenizer.json of xtuner/llava-llama-3-8b-v1_1-transformers"),
    QWEN_25_VL("Qwen2.5-VL-7B", "qwen_2.5_vl_7b.safetensors", "the tokenizer.json of Qwen/Qwen2.5-VL-7B-Instruct"),
    /// T5 over bytes, trained on glyphs.
    BYT5("ByT5-small glyph", "byt5_small_glyphxl_fp16.safetensors", "none: bytes are its tokens");

    private final String title;
    private final String usualFile;
    private final String tokenizer;

    TextEncoderFamily(String title, String usualFile, String tokenizer) {
        this.title = title;
        this.usualFile = usualFile;
        this.tokenizer = tokenizer;
    }

    /// Name for people.
    public String title() {
        return title;
    }

    /// Name under which ComfyUI's users have it, for messages.
    public String usualFile() {
        return usualFile;
    }

    /// Which tokenizer would do, where the file brings none.
    public String tokenizer() {
        return tokenizer;
    }

    /// Whether it stands beside another encoder, which gives the tokens.
    public boolean isCompanion() {
        return this == CLIP_L || this == BYT5;
    }

    /// The video models it belongs to, for messages.
    public String partners() {
        return TargetModel.readersOf(this).stream().map(TargetModel::title).collect(Collectors.joining(", "));
    }
}
