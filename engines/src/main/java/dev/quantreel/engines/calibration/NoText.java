package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.Optional;
import java.util.OptionalDouble;

/// What leads a generation where nothing is at hand to lead it: zeros instead of vectors of a text, and, for models
/// that start from a picture, zeros instead of its latent and features.
public final class NoText {

    /// Tokens of an empty text; models that read padding fill up themselves.
    private static final int TOKENS = 32;

    private static final int CLIP_TOKENS = 257;
    private static final int CLIP_WIDTH = 1280;
    private static final String FEATURE_NORM = "img_emb.proj.0.weight";

    private NoText() {}

    /// @param latent shape of the noise, `[1, channels, frames, height, width]`
    public static BranchConditioning of(TransformerCheckpoint model, Shape latent) {
        return of(model, latent, Math.min(model.facts().text().length(), TOKENS));
    }

    /// The same for a text of so many tokens.
    public static BranchConditioning of(TransformerCheckpoint model, Shape latent, int tokens) {
        TransformerFacts.Text text = model.facts().text();
        Tensor context = zeros(1, tokens, text.width());
        Optional<Tensor> pooled = text.pooledWidth() > 0 ? Optional.of(zeros(1, text.pooledWidth())) : Optional.empty();
        return new BranchConditioning(
                new PromptEmbedding(context, tokens, pooled, Optional.empty()),
                image(model, latent),
                OptionalDouble.empty());
    }

    private static Optional<BranchConditioning.Image> image(TransformerCheckpoint model, Shape latent) {
        TransformerFacts.Latent facts = model.facts().latent();
        int more = facts.inChannels() - facts.channels();
        return switch (facts.image()) {
            case NONE, OPTIONAL_CHANNELS, FIRST_FRAME -> Optional.empty();
            case CHANNELS, CHANNELS_AND_FEATURES ->
                Optional.of(new BranchConditioning.Image(
                        Optional.of(zeros(1, more, latent.dim(2), latent.dim(3), latent.dim(4))),
                        facts.image() == TransformerFacts.Image.CHANNELS
                                ? Optional.empty()
                                : Optional.of(zeros(1, CLIP_TOKENS, featureWidth(model))),
                        0));
        };
    }

    /// Values of a feature, as wide as the norm that the model has for them.
    private static long featureWidth(TransformerCheckpoint model) {
        return model.contains(FEATURE_NORM) ? model.shape(FEATURE_NORM).dim(0) : CLIP_WIDTH;
    }

    private static Tensor zeros(long... shape) {
        return Tensor.zeros(DType.F32, Shape.of(shape));
    }
}
