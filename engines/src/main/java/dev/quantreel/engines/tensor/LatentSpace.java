package dev.quantreel.engines.tensor;

/// The latent spaces that video autoencoders define and diffusion transformers work in. A transformer and a
/// decoder fit
/// together when they share one, which the number of channels alone does not tell (Wan 2.1, HunyuanVideo and
/// CogVideoX
/// all have 16).
public enum LatentSpace {
    WAN_21("Wan 2.1", 16, 8, 4, "wan_2.1_vae.safetensors", "taew2_1.safetensors"),
    WAN_22("Wan 2.2 5B", 48, 16, 4, "wan2.2_vae.safetensors", "taew2_2.safetensors"),
    HUNYUAN_VIDEO("HunyuanVideo", 16, 8, 4, "hunyuan_video_vae_bf16.safetensors", "taehv.safetensors"),
    HUNYUAN_VIDEO_15("HunyuanVideo 1.5", 32, 16, 4, "hunyuanvideo15_vae_fp16.safetensors", "taehv1_5.safetensors"),
    LTX_VIDEO("LTX-Video", 128, 32, 8, "the VAE inside ltx-video-2b-v0.9.safetensors", ""),
    COG_VIDEO_X("CogVideoX", 16, 8, 4, "the vae folder of CogVideoX", "taecvx.safetensors"),
    STABLE_DIFFUSION("Stable Diffusion", 4, 8, 1, "vae-ft-mse-840000-ema-pruned.safetensors", "");

    private final String title;
    private final int channels;
    private final int spatialFactor;
    private final int temporalFactor;
    private final String decoderFile;
    private final String previewFile;

    @SuppressWarnings("checkstyle:ParameterNumber") // A row of the table.
    LatentSpace(
            String title, int channels, int spatialFactor, int temporalFactor, String decoderFile, String previewFile) {
        this.title = title;
        this.channels = channels;
        this.spatialFactor = spatialFactor;
        this.temporalFactor = temporalFactor;
        this.decoderFile = decoderFile;
        this.previewFile = previewFile;
    }

    /// Name for people.
    public String title() {
        return title;
    }

    /// Channels of a cell.
    public int channels() {
        return channels;
    }

    /// Pixels per cell and side.
    public int spatialFactor() {
        return spatialFactor;
    }

    /// Pictures per latent frame after the first, which is one picture; 1 where every picture has its own frame.
    public int temporalFactor() {
        return temporalFactor;
    }

    /// Latent frames of a clip.
    ///
    /// @param pictures one more than a multiple of [#temporalFactor]
    public int frames(int pictures) {
        return temporalFactor == 1 ? pictures : (pictures - 1) / temporalFactor + 1;
    }

    /// Pictures of a clip.
    public int pictures(int frames) {
        return temporalFactor == 1 ? frames : (frames - 1) * temporalFactor + 1;
    }

    /// The files that decode it, for messages.
    public String decoders() {
        return previewFile.isEmpty() ? decoderFile : decoderFile + " or the small " + previewFile;
    }
}
