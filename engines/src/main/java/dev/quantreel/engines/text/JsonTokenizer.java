package dev.quantreel.engines.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/// A `tokenizer.json` run by Hugging Face's tokenizers library, whose native code ships in its jar.
final class JsonTokenizer implements PromptTokenizer {

    private final HuggingFaceTokenizer tokenizer;

    private JsonTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// @param source where the text came from, for messages
    static JsonTokenizer of(String source, String json) {
        OfflineNatives.require();
        // Without these, it would cut prompts at 512 tokens and pad them by rules of its own.
        Map<String, String> options = Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
        try (ByteArrayInputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
            return new JsonTokenizer(HuggingFaceTokenizer.newInstance(in, options));
        } catch (IOException | RuntimeException e) {
            throw new UnsupportedCheckpointException(source, "is no tokenizer.json: " + e.getMessage());
        }
    }

    @Override
    public int[] encode(String prompt) {
        return Arrays.stream(tokenizer.encode(prompt).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
