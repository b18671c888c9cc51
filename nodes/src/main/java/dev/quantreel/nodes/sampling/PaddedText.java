package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.WanConfig;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Conditioning;
import java.lang.foreign.MemorySegment;

/// Brings encoded prompts to the length a model reads.
///
/// @param config of the model
public record PaddedText(WanConfig config, NodeContext context) {

    /// The embedding padded with zeros or cut to the model's text length.
    ///
    /// @param port the input it came through
    /// @return F32 `[1, textLength, textDim]`
    /// @throws NodeInputException when the text encoder belongs to another model
    public Tensor of(String port, Conditioning conditioning) {
        Tensor embedding = conditioning.embedding();
        long width = embedding.shape().dim(2);
        if (width != config.textDim()) {
            throw new NodeInputException(
                    port,
                    "has text vectors of " + width + " values; accepted are " + config.textDim()
                            + ": use the text encoder that belongs to this model");
        }
        long tokens = embedding.shape().dim(1);
        if (tokens == config.textLength()) {
            return embedding;
        }
        long kept = Math.min(tokens, config.textLength());
        long rowBytes = 4L * config.textDim();
        MemorySegment cut = embedding.data().asSlice(kept * rowBytes);
        if (cut.mismatch(MemorySegment.ofArray(new byte[Math.toIntExact(cut.byteSize())])) >= 0) {
            context.status("the " + port + " prompt is longer than the " + config.textLength()
                    + " tokens this model reads; the rest is left out");
        }
        Tensor padded = Tensor.zeros(DType.F32, Shape.of(1, config.textLength(), config.textDim()));
        MemorySegment.copy(embedding.data(), 0, padded.data(), 0, kept * rowBytes);
        return padded;
    }
}
