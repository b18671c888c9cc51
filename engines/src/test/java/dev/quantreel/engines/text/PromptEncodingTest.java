package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptFormat.Padding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PromptEncodingTest {

    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    /// A token per word, between 2 and 61; begin and end tokens as given.
    private record Words(List<String> seen, int[] begin, int[] end) implements PromptTokenizer {
        @Override
        public int[] encode(String prompt) {
            seen.add(prompt);
            List<Integer> ids = new ArrayList<>();
            Arrays.stream(begin).forEach(ids::add);
            for (String word : prompt.split("\\s+")) {
                if (!word.isEmpty()) {
                    ids.add(2 + Math.floorMod(word.hashCode(), 60));
                }
            }
            Arrays.stream(end).forEach(ids::add);
            return ids.stream().mapToInt(Integer::intValue).toArray();
        }

        @Override
        public void close() {}
    }

    private static Words words(int[] begin, int... end) {
        return new Words(new ArrayList<>(), begin, end);
    }

    private TextEncoder open(String golden, PromptTokenizer tokenizer) {
        return TextEncoder.open(engine, GoldenEncoders.weights(golden), tokenizer);
    }

    private static PromptEmbedding encode(TextEncoder encoder, String prompt, PromptFormat format) {
        return encoder.encode(prompt, format, CancellationToken.NONE);
    }

    @Test
    void llamaReadsThePromptInsideHunyuansTemplateAndItsVectorsAreCutOff() {
        Words tokenizer = words(new int[] {1});
        try (TextEncoder llama = open("llama.safetensors", tokenizer)) {
            PromptFormat format = PromptFormat.of(TextEncoderFamily.LLAMA, Optional.empty());
            PromptEmbedding embedding = encode(llama, "a cat", format);
            String sent = tokenizer.seen.getLast();
            int[] whole = tokenizer.encode(sent);
            int crop = tokenizer.encode(sent.substring(0, sent.indexOf("a cat"))).length;
            float[] all = llama.run(whole, CancellationToken.NONE).toFloatArray();

            assertThat(sent)
                    .startsWith("<|start_header_id|>system<|end_header_id|>\n\nDescribe the video by detailing")
                    .contains(
                            "transitions used in the video:<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na cat")
                    .endsWith("a cat<|eot_id|>");
            assertThat(format.maxTokens()).isEqualTo(256);
            assertThat(embedding.length()).isEqualTo(whole.length - crop).isPositive();
            assertThat(embedding.context().toFloatArray())
                    .containsExactly(Arrays.copyOfRange(all, crop * llama.dim(), all.length));
            assertThat(embedding.pooled()).isEmpty();
        }
    }

    @Test
    void qwenReadsAChatWithItsSystemMessageAndASpaceForNothing() {
        Words tokenizer = words(new int[0]);
        try (TextEncoder qwen = open("qwen25.safetensors", tokenizer)) {
            encode(qwen, "", PromptFormat.of(TextEncoderFamily.QWEN_25_VL, Optional.empty()));

            assertThat(tokenizer.seen.getLast())
                    .startsWith("<|im_start|>system\nYou are a helpful assistant. Describe the video by detailing the"
                            + " following aspects:         1. The main content")
                    .endsWith("used in the video.<|im_end|>\n<|im_start|>user\n <|im_end|>\n<|im_start|>assistant\n");
        }
    }

    @Test
    void aChatThatIsTooLongLosesItsEnd() {
        try (TextEncoder llama = open("llama.safetensors", words(new int[] {1}))) {
            PromptEmbedding cut = encode(llama, "one two three four five six", new PromptFormat(3, Padding.NONE));
            PromptEmbedding whole = encode(llama, "one two three four five six", new PromptFormat(9, Padding.NONE));

            assertThat(cut.length()).isEqualTo(3);
            assertThat(cut.context().toFloatArray())
                    .containsExactly(
                            Arrays.copyOf(whole.context().toFloatArray(), 3 * llama.dim()), Offset.offset(1e-5f));
        }
    }

    @Test
    void clipPoolsTheFirstEndTokenAndKeepsItWhenThePromptIsCut() {
        try (TextEncoder clip = open("clip_l.safetensors", words(new int[] {62}, 63, 63, 63))) {
            PromptEmbedding embedding = encode(clip, "one two", new PromptFormat(16, Padding.NONE));
            float[] context = embedding.context().toFloatArray();
            PromptEmbedding cut = encode(clip, "one two three four five", new PromptFormat(4, Padding.NONE));

            assertThat(embedding.pooled().orElseThrow().toFloatArray())
                    .containsExactly(Arrays.copyOfRange(context, 3 * clip.dim(), 4 * clip.dim()));
            assertThat(cut.length()).isEqualTo(4);
            assertThat(cut.pooled().orElseThrow().toFloatArray())
                    .containsExactly(Arrays.copyOfRange(cut.context().toFloatArray(), 3 * clip.dim(), 4 * clip.dim()));
        }
    }

    @Test
    void aClipWithFewerPositionsThanThePromptHasTokensSaysSo() {
        try (TextEncoder clip = open("clip_l.safetensors", words(new int[] {62}, 63))) {
            PromptFormat format = PromptFormat.of(TextEncoderFamily.CLIP_L, Optional.empty());

            assertThat(encode(clip, "w ".repeat(14), format).length()).isEqualTo(16);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encode(clip, "w ".repeat(15), format))
                    .withMessageContainingAll("17 tokens", "CLIP-L has 16 positions", "clip_l.safetensors");
        }
    }

    @Test
    void onlyQuotedTextReachesTheGlyphEncoder() {
        assertThat(GlyphText.of("a shop")).isEmpty();
        assertThat(GlyphText.of("a sign \"OPEN\" under \u201C24 h\u201D and \"OPEN\" again, it's \""))
                .hasValue("Text \"OPEN\". Text \"24 h\". ");
        try (TextEncoder glyphs = open("byt5_encoder.safetensors", new ByteTokenizer())) {
            PromptFormat format = PromptFormat.of(TextEncoderFamily.BYT5, Optional.empty());
            PromptEmbedding none = encode(glyphs, "a shop", format);
            PromptEmbedding sign = encode(glyphs, "a shop, \"OPEN\"", format);

            assertThat(none.length()).isZero();
            assertThat(sign.length()).isEqualTo("Text \"OPEN\". ".length() + 1);
            assertThat(encode(glyphs, "\"" + "x".repeat(400) + "\"", format).length())
                    .isEqualTo(256);
        }
    }

    @Test
    void cogVideoXSeesItsPaddingAndTheOthersDoNot() {
        try (TextEncoder t5 = open("t5_encoder.safetensors", words(new int[0], 1))) {
            PromptFormat cogVideoX = PromptFormat.of(TextEncoderFamily.T5, Optional.of(TargetModel.COGVIDEOX));
            PromptEmbedding padded = encode(t5, "one two", cogVideoX);
            PromptEmbedding plain =
                    encode(t5, "one two", PromptFormat.of(TextEncoderFamily.T5, Optional.of(TargetModel.LATTE)));
            int[] ids = Arrays.copyOf(words(new int[0], 1).encode("one two"), 226);

            assertThat(padded.length()).isEqualTo(226);
            assertThat(padded.context().toFloatArray())
                    .containsExactly(t5.run(ids, CancellationToken.NONE).toFloatArray());
            assertThat(plain.length()).isEqualTo(3);
            assertThat(plain.context().toFloatArray()[0])
                    .isNotEqualTo(padded.context().toFloatArray()[0]);
        }
    }

    @Test
    void aSecondEncoderAddsWhatItIsReadFor() {
        PromptEmbedding main = PromptEmbedding.of(Tensor.of(Shape.of(1, 1, 2), 1, 2));
        PromptEmbedding second = new PromptEmbedding(
                Tensor.of(Shape.of(1, 1, 3), 3, 4, 5),
                1,
                Optional.of(Tensor.of(Shape.of(1, 3), 6, 7, 8)),
                Optional.empty());

        assertThat(main.with(TextEncoderFamily.CLIP_L, second).pooled()).isEqualTo(second.pooled());
        assertThat(main.with(TextEncoderFamily.CLIP_L, second).glyphs()).isEmpty();
        assertThat(main.with(TextEncoderFamily.BYT5, second).glyphs()).hasValue(second.context());
        assertThat(main.with(TextEncoderFamily.BYT5, second).pooled()).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> main.with(TextEncoderFamily.T5, second))
                .withMessageContaining("T5-XXL");
    }
}
