package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Turns a prompt into token ids, special tokens included. Thread-safe.
public interface PromptTokenizer extends AutoCloseable {

    /// Tensor of type U8 that holds a `tokenizer.json` inside a checkpoint.
    String EMBEDDED = "tokenizer_json";

    /// Tensor of type U8 that holds a SentencePiece model inside ComfyUI's UMT5 files.
    String SENTENCE_PIECE = "spiece_model";

    /// @param prompt any text, also an empty one
    /// @return ids as the tokenizer's template prescribes, neither padded nor cut
    int[] encode(String prompt);

    @Override
    void close();

    /// The tokenizer that belongs to a checkpoint: bytes for ByT5; else the one inside it ([#EMBEDDED],
    /// [#SENTENCE_PIECE]), else beside its file: `NAME.tokenizer.json`, `NAME.spiece.model`, `tokenizer.json`,
    /// `spiece.model`, or a `tokenizer.json` in the folder `tokenizer` beside its folder.
    ///
    /// @param file where the checkpoint lies
    /// @throws UnsupportedCheckpointException when there is none, or it cannot be read; the message says where
    /// it was looked for and which file would do
    static PromptTokenizer of(Checkpoint checkpoint, Path file) {
        TextEncoderFamily family = TextEncoder.family(checkpoint);
        if (family == TextEncoderFamily.BYT5) {
            return new ByteTokenizer();
        }
        if (checkpoint.contains(EMBEDDED)) {
            String text = new String(bytes(checkpoint.tensor(EMBEDDED)), StandardCharsets.UTF_8);
            return JsonTokenizer.of(checkpoint.source() + ", tensor " + EMBEDDED, text);
        }
        if (checkpoint.contains(SENTENCE_PIECE)) {
            String source = checkpoint.source() + ", tensor " + SENTENCE_PIECE;
            return SentencePieceTokenizer.of(source, bytes(checkpoint.tensor(SENTENCE_PIECE)));
        }
        List<Path> candidates = candidates(file, family);
        for (Path candidate : candidates) {
            if (Files.isRegularFile(candidate)) {
                return read(candidate);
            }
        }
        throw new UnsupportedCheckpointException(
                checkpoint.source(),
                "there is no tokenizer for " + family.title() + ": neither a tensor " + EMBEDDED + " or "
                        + SENTENCE_PIECE + " in the file nor one of " + candidates + "; put " + family.tokenizer()
                        + " there");
    }

    private static List<Path> candidates(Path file, TextEncoderFamily family) {
        String name = String.valueOf(file.getFileName()).replaceFirst("\\.(safetensors|sft|gguf)$", "");
        // Two encoders of one model lie in one folder, each with a tokenizer folder of its own beside it.
        String folder = family.isCompanion() ? "../tokenizer_2/" : "../tokenizer/";
        return List.of(
                file.resolveSibling(name + ".tokenizer.json"),
                file.resolveSibling(name + ".spiece.model"),
                file.resolveSibling("tokenizer.json"),
                file.resolveSibling("spiece.model"),
                file.resolveSibling(folder + "tokenizer.json").normalize());
    }

    private static PromptTokenizer read(Path candidate) {
        try {
            return candidate.toString().endsWith(".json")
                    ? JsonTokenizer.of(candidate.toString(), Files.readString(candidate))
                    : SentencePieceTokenizer.of(candidate.toString(), Files.readAllBytes(candidate));
        } catch (IOException e) {
            throw new UnsupportedCheckpointException(candidate.toString(), "cannot be read: " + e.getMessage());
        }
    }

    private static byte[] bytes(Tensor tensor) {
        return tensor.data().toArray(ValueLayout.JAVA_BYTE);
    }
}
