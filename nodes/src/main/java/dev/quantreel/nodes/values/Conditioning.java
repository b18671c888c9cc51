package dev.quantreel.nodes.values;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.spi.Socket;
import java.util.List;
import java.util.Optional;

/// An encoded prompt with what leads a generation beside it: ComfyUI's `CONDITIONING`.
///
/// @param embedding what the encoders made of the prompt
/// @param encoders what encoded it, the encoder of the tokens first
/// @param prompt the text
/// @param image the picture to start from
/// @param guidance strength of embedded guidance; empty takes the model's usual one
@Socket("CONDITIONING")
public record Conditioning(
        PromptEmbedding embedding,
        List<TextEncoderFamily> encoders,
        String prompt,
        Optional<BranchConditioning.Image> image,
        Optional<Double> guidance) {

    public Conditioning {
        encoders = List.copyOf(encoders);
    }

    /// A prompt alone.
    public Conditioning(PromptEmbedding embedding, List<TextEncoderFamily> encoders, String prompt) {
        this(embedding, encoders, prompt, Optional.empty(), Optional.empty());
    }

    /// The same prompt with a picture to start from.
    public Conditioning with(BranchConditioning.Image newImage) {
        return new Conditioning(embedding, encoders, prompt, Optional.of(newImage), guidance);
    }

    /// The same prompt with embedded guidance.
    public Conditioning withGuidance(double strength) {
        return new Conditioning(embedding, encoders, prompt, image, Optional.of(strength));
    }
}
