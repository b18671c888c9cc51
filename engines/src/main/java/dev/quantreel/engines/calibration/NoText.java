package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.Optional;

/// What leads a generation where no text encoder is at hand: zeros, as many tokens as the model reads.
public final class NoText {

    private NoText() {}

    /// @param facts of the model
    public static BranchConditioning of(TransformerFacts facts) {
        TransformerFacts.Text text = facts.text();
        Tensor context = Tensor.zeros(DType.F32, Shape.of(1, text.length(), text.width()));
        Optional<Tensor> pooled = text.pooledWidth() > 0
                ? Optional.of(Tensor.zeros(DType.F32, Shape.of(1, text.pooledWidth())))
                : Optional.empty();
        return BranchConditioning.of(new PromptEmbedding(context, text.length(), pooled, Optional.empty()));
    }
}
