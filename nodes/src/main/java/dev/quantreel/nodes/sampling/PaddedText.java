package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TargetModel;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Conditioning;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/// Gives encoded prompts to a model.
///
/// @param facts of the model
public record PaddedText(TransformerFacts facts, NodeContext context) {

    /// The prompt as the model takes it.
    ///
    /// @param port the input it came through
    /// @throws NodeInputException when the text encoder belongs to another model
    public BranchConditioning of(String port, Conditioning conditioning) {
        PromptEmbedding embedding = conditioning.embedding();
        TransformerFacts.Text text = facts.text();
        TargetModel.refusal(facts.variant(), text.encoders(), conditioning.encoders())
                .ifPresent(reason -> {
                    throw new NodeInputException(port, reason);
                });
        long width = embedding.context().shape().dim(2);
        if (width != text.width()) {
            throw new NodeInputException(
                    port,
                    "has text vectors of " + width + " values; accepted are " + text.width()
                            + ": use the text encoder that belongs to this model, "
                            + text.encoders().getFirst().title());
        }
        if (text.pooledWidth() > 0 && embedding.pooled().isEmpty()) {
            throw new NodeInputException(
                    port,
                    "has no pooled vector, which " + facts.variant() + " reads beside the tokens; use Load Dual Text"
                            + " Encoder with "
                            + text.encoders().stream()
                                    .map(TextEncoderFamily::usualFile)
                                    .collect(Collectors.joining(" and ")));
        }
        if (embedding.length() > text.length()) {
            context.status("the " + port + " prompt is longer than the " + text.length()
                    + " tokens this model reads; the rest is left out");
        }
        if (facts.family().equals(TargetModel.COGVIDEOX.id()) && embedding.length() < text.length()) {
            context.status("the " + port + " prompt was encoded without the padding that CogVideoX was trained to read;"
                    + " set type to " + TargetModel.COGVIDEOX + " in Load Text Encoder");
        }
        OptionalDouble guidance =
                conditioning.guidance().map(OptionalDouble::of).orElse(OptionalDouble.empty());
        return new BranchConditioning(embedding, conditioning.image(), guidance);
    }
}
