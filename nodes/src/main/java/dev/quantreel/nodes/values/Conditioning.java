package dev.quantreel.nodes.values;

import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.spi.Socket;
import java.util.List;

/// An encoded prompt: ComfyUI's `CONDITIONING`.
///
/// @param embedding what the encoders made of it
/// @param encoders what encoded it, the encoder of the tokens first
/// @param prompt the text
@Socket("CONDITIONING")
public record Conditioning(PromptEmbedding embedding, List<TextEncoderFamily> encoders, String prompt) {

    public Conditioning {
        encoders = List.copyOf(encoders);
    }
}
