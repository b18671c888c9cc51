package dev.quantreel.engines.recognition;

import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;
import java.util.Set;

/// What a checkpoint is.
///
/// @param kind its place in a pipeline
/// @param family for people: `Wan 2.1 / 2.2`, `UMT5-XXL`
/// @param variant for people: `Wan 2.1 T2V 1.3B`; empty where the family says all
/// @param layout naming of its tensors: `original`, `ComfyUI`, `diffusers`; empty where there is one only
/// @param parameters number of weights
/// @param fits what it pairs with
public record ModelCard(Kind kind, String family, String variant, String layout, long parameters, Fits fits) {

    /// Place in a pipeline.
    public enum Kind {
        TRANSFORMER("DiT", "diffusion_models"),
        VAE("VAE", "vae"),
        TEXT_ENCODER("text encoder", "text_encoders"),
        IMAGE_ENCODER("image encoder", "clip_vision"),
        LORA("LoRA", "loras");

        private final String word;
        private final String folder;

        Kind(String word, String folder) {
            this.word = word;
            this.folder = folder;
        }

        /// For tables.
        public String word() {
            return word;
        }

        /// ComfyUI's folder for such files.
        public String folder() {
            return folder;
        }
    }

    /// What a model speaks: a transformer needs these, a VAE or text encoder offers them.
    ///
    /// @param latents latent spaces; several where a file does not tell them apart
    /// @param texts text encoders
    public record Fits(Set<LatentSpace> latents, List<Text> texts) {

        public static final Fits NOTHING = new Fits(Set.of(), List.of());

        public Fits {
            latents = Set.copyOf(latents);
            texts = List.copyOf(texts);
        }

        static Fits latent(LatentSpace... spaces) {
            return new Fits(Set.of(spaces), List.of());
        }

        static Fits text(Text text) {
            return new Fits(Set.of(), List.of(text));
        }
    }

    /// A text encoder.
    ///
    /// @param width of its vectors; 0 where a transformer does not say
    public record Text(TextEncoderFamily family, int width) {

        boolean fits(Text other) {
            return family == other.family && (width == other.width || width == 0 || other.width == 0);
        }
    }

    /// Family, or the variant where there is one.
    public String title() {
        return variant.isEmpty() ? family : variant;
    }
}
