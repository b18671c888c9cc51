package dev.quantreel.engines.text;

/// The text encoders that video diffusion transformers were trained with.
public enum TextEncoderFamily {
    UMT5("UMT5-XXL", "umt5_xxl_fp16.safetensors"),
    T5("T5-XXL", "t5xxl_fp16.safetensors"),
    CLIP_L("CLIP-L", "clip_l.safetensors"),
    LLAMA("LLaVA-Llama-3-8B", "llava_llama3_fp8_scaled.safetensors"),
    QWEN_25_VL("Qwen2.5-VL-7B", "qwen_2.5_vl_7b.safetensors"),
    BYT5("ByT5-small glyph", "byt5_small_glyphxl_fp16.safetensors");

    private final String title;
    private final String usualFile;

    TextEncoderFamily(String title, String usualFile) {
        this.title = title;
        this.usualFile = usualFile;
    }

    /// Name for people.
    public String title() {
        return title;
    }

    /// Name under which ComfyUI's users have it, for messages.
    public String usualFile() {
        return usualFile;
    }
}
