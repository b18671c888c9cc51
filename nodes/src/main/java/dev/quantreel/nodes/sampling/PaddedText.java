package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Conditioning;
import java.lang.foreign.MemorySegment;

/// Gives encoded prompts to a model.
///
/// @param facts of the model
public record PaddedText(TransformerFacts facts, NodeContext context) {

    /// The prompt as the model takes it.
    ///
    /// @param port the input it came through
    /// @throws NodeInputException when the text encoder belongs to another model
    public BranchConditioning of(String port, Conditioning conditioning) {
        Tensor embedding = conditioning.embedding();
        TransformerFacts.Text text = facts.text();
        long width = embedding.shape().dim(2);
        if (width != text.width()) {
            throw new NodeInputException(
                    port,
                    "has text vectors of " + width + " values; accepted are " + text.width()
                            + ": use the text encoder that belongs to this model, "
                            + text.encoders().getFirst().title());
        }
        long kept = Math.min(embedding.shape().dim(1), text.length());
        MemorySegment cut = embedding.data().asSlice(4L * kept * width);
        if (cut.mismatch(MemorySegment.ofArray(new byte[Math.toIntExact(cut.byteSize())])) >= 0) {
            context.status("the " + port + " prompt is longer than the " + text.length()
                    + " tokens this model reads; the rest is left out");
        }
        return BranchConditioning.of(embedding);
    }
}
