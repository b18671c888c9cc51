package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.Optional;
import java.util.OptionalDouble;

/// What leads one branch of a generation.
///
/// @param text the prompt
/// @param image the picture to start from
/// @param guidance strength of embedded guidance; empty takes the model's usual one
public record BranchConditioning(PromptEmbedding text, Optional<Image> image, OptionalDouble guidance) {

    /// A prompt alone.
    public static BranchConditioning of(PromptEmbedding text) {
        return new BranchConditioning(text, Optional.empty(), OptionalDouble.empty());
    }

    /// A prompt of one encoder whose tokens are all real.
    ///
    /// @param context F32 `[1, tokens, width]`
    public static BranchConditioning of(Tensor context) {
        return of(PromptEmbedding.of(context));
    }

    /// @param channels F32 `[1, inChannels - channels, frames, height, width]`: mask and image latent (in Wan; in
    /// HunyuanVideo the image latent, zero after the first frame, then one channel of mask, one in the first
    /// frame), concatenated to the latent at every step
    /// @param features F32 `[1, 257, 1280]`: CLIP-ViT-H's penultimate layer; HunyuanVideo 1.5 reads SigLIP's
    /// `[1, 729, 1152]`
    /// @param knownFrames latent frames at the start that are given and carry no noise (timestep 0); 0 for none
    public record Image(Optional<Tensor> channels, Optional<Tensor> features, int knownFrames) {}
}
