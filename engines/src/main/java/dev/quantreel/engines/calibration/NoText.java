package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.Optional;
import java.util.OptionalDouble;

/// What leads a generation where nothing is at hand to lead it: zeros instead of vectors of a text, and, for models that
/// start from a picture, zeros instead of its latent and features.
public final class NoText {

    /// Tokens of an empty text; models that read padding fill up themselves.
    private static final int TOKENS = 32;

    private static final int CLIP_TOKENS = 257;
    private static final int CLIP_WIDTH = 1280;

    private NoText() {}

    /// @param facts of the model
    /// @param latent shape of the noise, `[1, channels, frames, height, width]`
    public static BranchConditioning of(TransformerFacts facts, Shape latent) {
        TransformerFacts.Text text = facts.text();
        int tokens = Math.min(text.length(), TOKENS);
        Tensor context = zeros(1, tokens, text.width());
        Optional<Tensor> pooled =
                text.pooledWidth() > 0 ? Optional.of(zeros(1, text.pooledWidth())) : Optional.empty();
        return new BranchConditioning(
                new PromptEmbedding(context, tokens, pooled, Optional.empty()),
                image(facts.latent(), latent),
                OptionalDouble.empty());
    }

    private static Optional<BranchConditioning.Image> image(TransformerFacts.Latent facts, Shape latent) {
        int more = facts.inChannels() - facts.channels();
        return switch (facts.image()) {
            case NONE, OPTIONAL_CHANNELS, FIRST_FRAME -> Optional.empty();
            case CHANNELS, CHANNELS_AND_FEATURES ->
                Optional.of(new BranchConditioning.Image(
                        Optional.of(zeros(1, more, latent.dim(2), latent.dim(3), latent.dim(4))),
                        facts.image() == TransformerFacts.Image.CHANNELS
                                ? Optional.empty()
                                : Optional.of(zeros(1, CLIP_TOKENS, CLIP_WIDTH)),
                        0));
        };
    }

    private static Tensor zeros(long... shape) {
        return Tensor.zeros(DType.F32, Shape.of(shape));
    }
}
