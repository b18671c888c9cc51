package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.GoldenText;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.testing.StopInRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextEncoderTest {

    private static final String WORDS = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {"one": 1, "two": 2, "?": 3}, "unk_token": "?"}}
            """;

    private final Path folder;

    TextEncoderTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-1, 1",
        "-7, 7",
        "1, 17",
        "7, 23",
        "-8, 8",
        "-11, 8",
        "-12, 9",
        "-16, 10",
        "-32, 12",
        "-64, 14",
        "-90, 14",
        "-91, 15",
        "-500, 15",
        "500, 31",
        "16, 26"
    })
    void farPositionsShareBucketsLogarithmically(int offset, int bucket) {
        assertThat(RelativeBuckets.bucket(offset, 32)).isEqualTo(bucket);
    }

    @Test
    void thePromptAloneDecidesNotThePadding() {
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder encoder = TextEncoder.open(engine, weights(), tokenizer())) {
            PromptFormat four = new PromptFormat(4, PromptFormat.Padding.ZEROS);
            PromptEmbedding embedding = encoder.encode("one two", four, CancellationToken.NONE);
            float[] narrow = embedding.context().toFloatArray();
            float[] wide = encoder.encode("one two", four.withMaxTokens(9), CancellationToken.NONE)
                    .context()
                    .toFloatArray();

            assertThat(embedding.length()).isEqualTo(2);
            assertThat(narrow).hasSize(4 * encoder.dim());
            for (int i = 0; i < wide.length; i++) {
                assertThat(wide[i]).isEqualTo(i < 2 * encoder.dim() ? narrow[i] : 0f);
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encoder.run(new int[] {1, 64}, CancellationToken.NONE))
                    .withMessageContainingAll("token id 64", "vocabulary of 64");
        }
    }

    @Test
    void oneRunIsInterruptedInside() {
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder encoder = TextEncoder.open(engine, weights(), tokenizer())) {
            StopInRun token = new StopInRun();

            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> encoder.run(new int[] {1, 2, 3}, token))
                    .withMessageContaining("interrupted in");
            assertThat(token.reachedARun()).isTrue();
        }
    }

    @Test
    void theTokenizerIsFoundBesideTheFileTheOwnOneFirst() throws IOException {
        Path file = folder.resolve("umt5.safetensors");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> PromptTokenizer.of(weights(), file))
                .withMessageContainingAll("no tokenizer", "umt5.tokenizer.json", "tokenizer_json");

        Files.writeString(folder.resolve("tokenizer.json"), "not json");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> PromptTokenizer.of(weights(), file))
                .withMessageContaining("is no tokenizer.json");

        Files.writeString(folder.resolve("umt5.tokenizer.json"), WORDS);
        try (PromptTokenizer tokenizer = PromptTokenizer.of(weights(), file)) {
            assertThat(tokenizer.encode("two one  three")).containsExactly(2, 1, 3);
            assertThat(tokenizer.encode("one ".repeat(2000))).hasSize(2000).containsOnly(1);
        }
    }

    @Test
    void otherFilesAreRefusedByName() {
        Checkpoint wan = new MemoryCheckpoint(
                "wan.safetensors", Map.of("blocks.0.self_attn.norm_q.weight", Tensor.scalar(0)), Map.of());
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> EncoderConfig.of(wan))
                .withMessageContainingAll("wan.safetensors", "a Wan transformer", "UMT5");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> EncoderConfig.of(with("scaled_fp8", Tensor.scalar(0))))
                .withMessageContainingAll("scaled_fp8", "could not be decoded");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> EncoderConfig.of(with(T5Config.feedForward(1) + "wo.weight", Tensor.scalar(0))))
                .withMessageContainingAll("wo.weight is []", "expected [48x64]");
    }

    @Test
    void withoutBiasesOfItsOwnEveryBlockUsesThatOfTheFirst() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        weights().names().stream()
                .filter(name -> !name.contains("relative_attention_bias") || name.contains("block.0."))
                .forEach(name -> tensors.put(name, weights().tensor(name)));
        Checkpoint t5 = new MemoryCheckpoint("t5", tensors, Map.of());

        assertThat(EncoderConfig.of(t5).family()).isEqualTo(TextEncoderFamily.T5);
        assertThat(EncoderConfig.of(weights()).family()).isEqualTo(TextEncoderFamily.UMT5);
        GoldenText.check(
                "t5-encoder",
                EncoderConfig.of(t5).graph(GoldenEncoders.full(t5), Dialect.STANDARD, EncoderSection.all(3)));
        GoldenText.check(
                "umt5-encoder",
                EncoderConfig.of(weights())
                        .graph(GoldenEncoders.full(weights()), Dialect.ONNX_RUNTIME, EncoderSection.all(3)));
    }

    private static PromptTokenizer tokenizer() {
        return JsonTokenizer.of("test", WORDS);
    }

    private static Checkpoint with(String name, Tensor tensor) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        weights().names().forEach(each -> tensors.put(each, weights().tensor(each)));
        tensors.put(name, tensor);
        return new MemoryCheckpoint("changed", tensors, Map.of());
    }

    private static Checkpoint weights() {
        SafetensorsFile golden = GoldenResource.open("umt5_encoder.safetensors");
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : golden.names()) {
            if (name.startsWith("w.")) {
                weights.put(name.substring(2), golden.tensor(name));
            }
        }
        return new MemoryCheckpoint("umt5", weights, golden.metadata());
    }
}
