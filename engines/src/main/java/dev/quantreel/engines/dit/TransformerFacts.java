package dev.quantreel.engines.dit;

import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;

/// What samplers, nodes and people need to know about a diffusion transformer.
///
/// @param family stable id: `wan`, `hunyuan-video`, `hunyuan-video-1.5`, `ltx-video`, `cogvideox`, `latte`
/// @param variant name for people: `Wan 2.1 T2V 1.3B`
/// @param sizes width, heads, blocks
/// @param latent what goes in and comes out
/// @param text what it reads of the prompt
/// @param sampling how it was trained to be sampled
public record TransformerFacts(
        String family, String variant, Sizes sizes, Latent latent, Text text, Sampling sampling) {

    /// Whether both models can take part in one generation: they read and write the same latents and predict the same,
    /// whatever their sizes.
    public boolean sharesGenerationsWith(TransformerFacts other) {
        return family.equals(other.family)
                && latent.equals(other.latent)
                && sampling.prediction() == other.sampling.prediction();
    }

    /// What tells step caches for which model they were fitted. Wan 2.2's models that start from an image are built
    /// like none that was.
    ///
    /// @param size of the latent to be sampled
    public TeaCacheProfile.Model forStepCaches(LatentSize size) {
        boolean wan = family.equals("wan");
        boolean second = wan && (latent.image() == Image.CHANNELS || latent.image() == Image.FIRST_FRAME);
        boolean startsFromImage = latent.image() == (wan ? Image.CHANNELS_AND_FEATURES : Image.CHANNELS);
        return new TeaCacheProfile.Model(
                second ? "wan-2.2" : family,
                sizes.dim(),
                startsFromImage,
                latent.patch().frames() > 1,
                (long) size.height() * size.width());
    }

    /// @param dim width of a token
    /// @param heads attention heads
    /// @param layers transformer blocks of all kinds
    public record Sizes(int dim, int heads, int layers) {}

    /// @param space which VAE belongs to it
    /// @param channels of the latent that is sampled
    /// @param inChannels what the patch embedding reads: more than `channels` where an image is concatenated
    /// @param patch cells per token
    /// @param image what it reads of an image
    public record Latent(LatentSpace space, int channels, int inChannels, Patch patch, Image image) {}

    /// @param frames latent frames per token
    /// @param height latent rows per token
    /// @param width latent columns per token
    public record Patch(int frames, int height, int width) {
        /// Every cell is a token.
        public static final Patch ONE = new Patch(1, 1, 1);

        /// Two by two cells, the usual one.
        public static final Patch TWO_BY_TWO = new Patch(1, 2, 2);
    }

    /// What a model reads of an image.
    public enum Image {
        NONE,
        /// Mask and image latent as additional channels.
        CHANNELS,
        /// Image latent and mask as additional channels, and SigLIP features as additional context, where an image is
        /// given; else zeros in those channels (HunyuanVideo 1.5).
        OPTIONAL_CHANNELS,
        /// [#CHANNELS], and CLIP-ViT-H features as additional context.
        CHANNELS_AND_FEATURES,
        /// The first latent frame is given and has timestep 0 (Wan 2.2 5B, LTX-Video).
        FIRST_FRAME
    }

    /// @param encoders which text encoders belong to it, the main one first
    /// @param width of the main encoder's vectors
    /// @param length tokens it reads at most; padded to with zeros where the family pads
    /// @param pooledWidth width of the pooled vector; 0 where none is read
    public record Text(List<TextEncoderFamily> encoders, int width, int length, int pooledWidth) {
        public Text {
            encoders = List.copyOf(encoders);
        }
    }

    /// What the model's output means.
    public enum Prediction {
        /// Flow velocity `noise - x0`.
        FLOW,
        /// `v = alpha * noise - sigma * x0` of a variance-preserving diffusion.
        V,
        /// The noise.
        EPSILON;

        /// The same in the words of a sampler.
        public dev.quantreel.engines.sampling.Prediction ofSampler() {
            return switch (this) {
                case FLOW -> dev.quantreel.engines.sampling.Prediction.FLOW;
                case V -> dev.quantreel.engines.sampling.Prediction.V;
                case EPSILON -> dev.quantreel.engines.sampling.Prediction.EPSILON;
            };
        }
    }

    /// Recommended settings of the release.
    ///
    /// @param embeddedGuidance whether guidance is an input of the model (distilled) and `cfg` is 1
    /// @param cfg strength of classifier-free guidance, or the embedded guidance
    /// @param shift of the noise levels, for flow models
    /// @param framesPerSecond of the videos it makes
    public record Sampling(
            Prediction prediction, boolean embeddedGuidance, double cfg, double shift, double framesPerSecond) {}
}
