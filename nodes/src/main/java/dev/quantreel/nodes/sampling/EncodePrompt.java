package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.PromptTokens;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.TextModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Encodes a prompt.
@NodeType(
        id = "EncodePrompt",
        title = "Encode Prompt",
        category = "sampling",
        description = "Turns a text into what guides the video. The demo model knows captions such as 'a small red"
                + " circle moving left on a navy background'; words it does not know are reported and have no effect. An"
                + " empty text makes the negative prompt of guidance.",
        aliases = {"CLIPTextEncode", "prompt", "text", "conditioning"})
public final class EncodePrompt implements Node<EncodePrompt.Inputs, EncodePrompt.Outputs> {

    /// A character no vocabulary holds: what a tokenizer makes of it is its unknown token.
    private static final String UNKNOWN = "\uE000";

    /// See [EncodePrompt].
    public record Inputs(
            @In(help = "Text encoder that belongs to the model.")
            TextModel clip,

            @In(
                    help = "Description of the video; may be empty.",
                    initial = "a large red circle moving right on a navy background",
                    multiline = true)
            String text) {}

    /// See [EncodePrompt].
    public record Outputs(@Out(help = "The encoded prompt.") Conditioning conditioning) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        List<PromptTokens> tokens = new ArrayList<>();
        for (TextModel.Part part : in.clip().parts()) {
            tokens.add(tokens(part, in.text(), context));
        }
        PromptEmbedding embedding = in.clip().encode(tokens, context);
        return new Outputs(new Conditioning(embedding, in.clip().families(), in.text()));
    }

    private static PromptTokens tokens(TextModel.Part part, String text, NodeContext context) throws Exception {
        PromptTokenizer tokenizer = part.tokenizer(context);
        PromptTokens tokens = PromptTokens.of(part.family(), tokenizer, text, part.format());
        if (tokens.isCut()) {
            context.status("the prompt has " + tokens.given() + " tokens, the model takes "
                    + part.format().maxTokens() + "; what comes after is left out");
        }
        List<String> unknown = unknownWords(text, tokenizer);
        if (!unknown.isEmpty()) {
            context.status(
                    "the model does not know these words, they have no meaning to it: " + String.join(", ", unknown));
        }
        return tokens;
    }

    private static List<String> unknownWords(String text, PromptTokenizer tokenizer) {
        int[] unknown = tokenizer.encode(UNKNOWN);
        return Stream.of(text.split("[\\s,.;:!?]+"))
                .filter(word -> !word.isEmpty() && Arrays.equals(tokenizer.encode(word), unknown))
                .distinct()
                .toList();
    }
}
