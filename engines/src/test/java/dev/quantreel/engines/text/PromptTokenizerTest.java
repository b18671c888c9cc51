package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptTokenizerTest {

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path folder;

    PromptTokenizerTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /// Emoji, joined emoji, scripts of many directions, combining marks, controls, whole Unicode blocks at random,
    /// thousands of characters, nothing.
    @Test
    void aSentencePieceModelInsideTheFileGivesTheIdsOfTheReferencePackage() {
        SafetensorsFile golden = GoldenResource.open("spiece.safetensors");
        byte[] texts = golden.tensor("in.texts").data().toArray(ValueLayout.JAVA_BYTE);
        float[] ids = Conversions.toFloatArray(golden.tensor("out.ids"));
        Tensor textEnds = golden.tensor("in.ends");
        Tensor idEnds = golden.tensor("out.ends");
        List<String> wrong = new ArrayList<>();
        int fromText = 0;
        int fromId = 0;
        try (PromptTokenizer tokenizer = PromptTokenizer.of(
                GoldenEncoders.with(
                        GoldenEncoders.weights("umt5_encoder.safetensors"),
                        Map.of(PromptTokenizer.SENTENCE_PIECE, golden.tensor("spiece_model"))),
                folder.resolve("umt5.safetensors"))) {
            for (int i = 0; i < textEnds.elements(); i++) {
                int toText = (int) textEnds.data().get(LONG, 8L * i);
                int toId = (int) idEnds.data().get(LONG, 8L * i);
                String text = new String(texts, fromText, toText - fromText, StandardCharsets.UTF_8);
                int[] expected = new int[toId - fromId];
                for (int j = 0; j < expected.length; j++) {
                    expected[j] = (int) ids[fromId + j];
                }
                if (!Arrays.equals(tokenizer.encode(text), expected)) {
                    wrong.add(text);
                }
                fromText = toText;
                fromId = toId;
            }
        }

        assertThat(textEnds.elements()).isGreaterThan(350);
        assertThat(wrong).isEmpty();
    }

    @Test
    void aDamagedSentencePieceModelIsAMessageAndAClosedTokenizerAnError() {
        Tensor damaged = Tensor.zeros(DType.U8, Shape.of(1000));
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> PromptTokenizer.of(
                        GoldenEncoders.with(
                                GoldenEncoders.weights("umt5_encoder.safetensors"),
                                Map.of(PromptTokenizer.SENTENCE_PIECE, damaged)),
                        folder.resolve("umt5.safetensors")))
                .withMessageContainingAll("tensor spiece_model", "is no SentencePiece model", "1000 bytes");

        byte[] model = GoldenResource.open("spiece.safetensors")
                .tensor("spiece_model")
                .data()
                .toArray(ValueLayout.JAVA_BYTE);
        SentencePieceTokenizer tokenizer = SentencePieceTokenizer.of("test", model);
        tokenizer.close();
        tokenizer.close();
        assertThatIllegalStateException().isThrownBy(() -> tokenizer.encode("a"));
    }

    @Test
    void aSentencePieceModelBesideTheFileIsReadToo() throws IOException {
        byte[] model = GoldenResource.open("spiece.safetensors")
                .tensor("spiece_model")
                .data()
                .toArray(ValueLayout.JAVA_BYTE);
        Files.write(folder.resolve("spiece.model"), model);

        try (PromptTokenizer tokenizer = PromptTokenizer.of(
                GoldenEncoders.weights("t5_encoder.safetensors"), folder.resolve("t5xxl.safetensors"))) {
            assertThat(tokenizer.encode("")).containsExactly(1);
        }
    }

    @Test
    void bytesAreTheTokensOfByT5() {
        SafetensorsFile golden = GoldenResource.open("byt5_encoder.safetensors");
        String text =
                new String(golden.tensor("in.text").data().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        int[] ids = GoldenEncoders.ids("byt5_encoder.safetensors");

        try (PromptTokenizer tokenizer = PromptTokenizer.of(
                GoldenEncoders.weights("byt5_encoder.safetensors"), folder.resolve("byt5.safetensors"))) {
            assertThat(tokenizer.encode(text)).containsExactly(Arrays.copyOf(ids, ids.length - 2));
            assertThat(tokenizer.encode("")).containsExactly(1);
        }
    }

    @Test
    void aMissingTokenizerSaysWhereItWasLookedForAndWhichWouldDo() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> PromptTokenizer.of(
                        GoldenEncoders.weights("llama.safetensors"), folder.resolve("llava_llama3.safetensors")))
                .withMessageContainingAll(
                        "no tokenizer for LLaVA-Llama-3-8B",
                        folder.resolve("llava_llama3.tokenizer.json").toString(),
                        folder.resolveSibling("tokenizer")
                                .resolve("tokenizer.json")
                                .toString(),
                        "put the tokenizer.json of xtuner/llava-llama-3-8b");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> PromptTokenizer.of(
                        GoldenEncoders.weights("clip_l.safetensors"), folder.resolve("clip_l.safetensors")))
                .withMessageContainingAll("tokenizer_2", "clip-vit-large-patch14");
    }
}
