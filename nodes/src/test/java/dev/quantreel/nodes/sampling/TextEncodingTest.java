package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.loading.EncoderOptions.Precision;
import dev.quantreel.nodes.loading.EncoderOptions.Type;
import dev.quantreel.nodes.loading.LoadDualTextEncoder;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.TextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Text encoders of every family, tiny, through the nodes.
class TextEncodingTest {

    private static final Path GOLDEN = Path.of("..", "engines", "src", "test", "resources", "golden");

    /// Words of the tiny vocabularies; what it does not know is 3.
    private static final String WORDS = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {"a": 4, "cat": 5, "dog": 6, "?": 3}, "unk_token": "?"}}
            """;

    private final TestContext context;
    private final Path folder;

    TextEncodingTest(@TempDir Path root) throws IOException {
        this.context = TestContext.in(root);
        this.folder = Files.createDirectories(context.folders().models("text_encoders"));
        for (String name : List.of("umt5_encoder", "t5_encoder", "byt5_encoder", "clip_l", "llama", "qwen25")) {
            encoder(name);
        }
        Files.writeString(folder.resolve("tokenizer.json"), WORDS);
    }

    @AfterEach
    void close() throws Exception {
        context.close();
    }

    private void encoder(String name) {
        try (SafetensorsFile golden = SafetensorsFile.open(GOLDEN.resolve(name + ".safetensors"))) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            golden.names().stream()
                    .filter(key -> key.startsWith("w."))
                    .forEach(key -> weights.put(key.substring(2), golden.tensor(key)));
            SafetensorsWriter.write(folder.resolve(name + ".safetensors"), weights, golden.metadata());
        }
    }

    private TextModel load(String name, Type type, Precision precision) throws Exception {
        return new LoadTextEncoder()
                .run(new LoadTextEncoder.Inputs(name + ".safetensors", type, precision, Optional.empty()), context)
                .clip();
    }

    private TextModel loadTwo(String first, String second, Type type) throws Exception {
        return new LoadDualTextEncoder()
                .run(
                        new LoadDualTextEncoder.Inputs(
                                first + ".safetensors",
                                second + ".safetensors",
                                type,
                                Precision.FULL,
                                Optional.empty()),
                        context)
                .clip();
    }

    private Conditioning encode(TextModel clip, String text) throws Exception {
        return new EncodePrompt()
                .run(new EncodePrompt.Inputs(clip, text), context)
                .conditioning();
    }

    private static void assertRefused(String port, ThrowingCallable loading, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(loading)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    private boolean encoderOpen() {
        return context.loadedKeys().stream().anyMatch(key -> key.startsWith("text-encoder:"));
    }

    @Test
    void loadingOnlyLooksAndTheEncoderIsOpenedForAPrompt() throws Exception {
        TextModel clip = load("umt5_encoder", Type.AUTO, Precision.FULL);
        assertThat(encoderOpen()).isFalse();

        Conditioning conditioning = encode(clip, "a cat");

        assertThat(encoderOpen()).isTrue();
        assertThat(conditioning.encoders()).containsExactly(TextEncoderFamily.UMT5);
        assertThat(conditioning.embedding().length()).isEqualTo(2);
        assertThat(conditioning.embedding().context().shape().toString()).isEqualTo("[1x512x48]");
    }

    @Test
    void hunyuanReadsTokensOfLlamaAndTheVectorOfClipInEitherOrder() throws Exception {
        TextModel clip = loadTwo("clip_l", "llama", Type.HUNYUAN_VIDEO);
        Conditioning conditioning = encode(clip, "a cat");

        assertThat(clip.families()).containsExactly(TextEncoderFamily.LLAMA, TextEncoderFamily.CLIP_L);
        assertThat(conditioning.embedding().context().shape().dim(2)).isEqualTo(48);
        assertThat(conditioning.embedding().pooled())
                .hasValueSatisfying(
                        pooled -> assertThat(pooled.shape().toString()).isEqualTo("[1x48]"));
        assertThat(loadTwo("llama", "clip_l", Type.AUTO).families()).isEqualTo(clip.families());
    }

    @Test
    void hunyuan15ReadsGlyphsOnlyWhereThePromptQuotes() throws Exception {
        TextModel clip = loadTwo("qwen25", "byt5_encoder", Type.HUNYUAN_VIDEO_15);

        assertThat(encode(clip, "a cat").embedding().glyphs()).isEmpty();
        assertThat(encode(clip, "a cat \"dog\"").embedding().glyphs())
                .hasValueSatisfying(glyphs -> assertThat(glyphs.shape().toString())
                        .isEqualTo("[1x" + ("Text \"dog\". ".length() + 1) + "x32]"));
    }

    @Test
    void wrongPairsAreExplainedAtTheirPort() {
        assertRefused(
                "file",
                () -> load("t5_encoder", Type.WAN, Precision.FULL),
                "t5_encoder.safetensors",
                "which is T5-XXL and belongs to LTX-Video",
                "Wan reads UMT5-XXL (umt5_xxl_fp16.safetensors)");
        assertRefused(
                "file2",
                () -> loadTwo("llama", "qwen25", Type.AUTO),
                "which is Qwen2.5-VL-7B",
                "beside LLaVA-Llama-3-8B accepted are CLIP-L");
        assertRefused("file1", () -> loadTwo("clip_l", "qwen25", Type.HUNYUAN_VIDEO_15), "CLIP-L", "ByT5-small glyph");
    }

    @Test
    void aMissingTokenizerIsToldWhenTheFileIsLoaded() throws IOException {
        Files.delete(folder.resolve("tokenizer.json"));

        assertRefused(
                "file",
                () -> load("llama", Type.AUTO, Precision.FULL),
                "no tokenizer for LLaVA-Llama-3-8B",
                folder.resolve("llama.tokenizer.json").toString());
    }

    @Test
    void aPromptSeenBeforeNeedsNoEncoder() throws Exception {
        TextModel clip = loadTwo("llama", "clip_l", Type.AUTO);
        Conditioning first = encode(clip, "a cat");
        context.resources().release(0);
        assertThat(encoderOpen()).isFalse();

        Conditioning second = encode(clip, "a cat");

        assertThat(encoderOpen()).isFalse();
        assertThat(context.statuses()).anyMatch(status -> status.contains("taken from the cache"));
        assertThat(second.embedding().context().toFloatArray())
                .containsExactly(first.embedding().context().toFloatArray());
        assertThat(second.embedding().pooled().orElseThrow().toFloatArray())
                .containsExactly(first.embedding().pooled().orElseThrow().toFloatArray());

        encode(clip, "a dog");
        assertThat(encoderOpen()).isTrue();
    }

    @Test
    void anotherTokenizerOrPrecisionIsAnotherEncoding() throws Exception {
        Conditioning full = encode(load("t5_encoder", Type.AUTO, Precision.FULL), "a cat");
        Conditioning eight = encode(load("t5_encoder", Type.AUTO, Precision.INT8), "a cat");
        Files.writeString(folder.resolve("t5_encoder.tokenizer.json"), WORDS.replace("\"cat\": 5", "\"cat\": 7"));
        context.close();
        Conditioning renamed = encode(load("t5_encoder", Type.AUTO, Precision.FULL), "a cat");

        float[] values = full.embedding().context().toFloatArray();
        assertThat(eight.embedding().context().toFloatArray())
                .isNotEqualTo(values)
                .containsExactly(values, Offset.offset(0.5f));
        assertThat(renamed.embedding().context().toFloatArray()).isNotEqualTo(values);
    }

    @Test
    void damagedEncodingsAreMadeAnew() throws Exception {
        TextModel clip = load("umt5_encoder", Type.AUTO, Precision.FULL);
        float[] first = encode(clip, "a cat").embedding().context().toFloatArray();
        try (Stream<Path> files = Files.list(context.folders().cache().resolve("prompts"))) {
            for (Path file : files.toList()) {
                Files.write(file, new byte[100]);
            }
        }

        assertThat(encode(clip, "a cat").embedding().context().toFloatArray()).containsExactly(first);
    }

    @Test
    void beforeATransformerOpensLargeEncodersAreClosedAndSmallOnesStay() throws Exception {
        boolean[] closed = {false};
        context.resources().get("text-encoder:large", Releasable.class, () -> new Releasable() {
            @Override
            public long residentBytes() {
                return 5L << 30;
            }

            @Override
            public void close() {
                closed[0] = true;
            }
        });
        encode(load("umt5_encoder", Type.AUTO, Precision.FULL), "a cat");

        TextModel.makeRoom(context);

        assertThat(closed[0]).isTrue();
        assertThat(context.loadedKeys()).doesNotContain("text-encoder:large");
        assertThat(encoderOpen()).as("the tiny one").isTrue();
        assertThat(context.statuses()).anyMatch(status -> status.contains("5120 MB given back"));
    }
}
