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

    /// @param prompt any text, also an empty one
    /// @return ids as the tokenizer's template prescribes, neither padded nor cut
    int[] encode(String prompt);

    @Override
    void close();

    /// The tokenizer that belongs to a checkpoint: the one inside it ([#EMBEDDED]), else `NAME.tokenizer.json` or
    /// `tokenizer.json` beside its file.
    ///
    /// @param file where the checkpoint lies
    /// @throws UnsupportedCheckpointException when there is none, or it cannot be read
    static PromptTokenizer of(Checkpoint checkpoint, Path file) {
        if (checkpoint.contains(EMBEDDED)) {
            Tensor json = checkpoint.tensor(EMBEDDED);
            String text = new String(json.data().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
            return JsonTokenizer.of(checkpoint.source() + ", tensor " + EMBEDDED, text);
        }
        String name = String.valueOf(file.getFileName()).replaceFirst("\\.(safetensors|sft)$", "");
        List<Path> candidates =
                List.of(file.resolveSibling(name + ".tokenizer.json"), file.resolveSibling("tokenizer.json"));
        for (Path candidate : candidates) {
            if (Files.isRegularFile(candidate)) {
                try {
                    return JsonTokenizer.of(candidate.toString(), Files.readString(candidate));
                } catch (IOException e) {
                    throw new UnsupportedCheckpointException(candidate.toString(), "cannot be read: " + e.getMessage());
                }
            }
        }
        throw new UnsupportedCheckpointException(
                checkpoint.source(),
                "there is no tokenizer: neither a tensor " + EMBEDDED + " in the file nor one of " + candidates
                        + (checkpoint.contains("spiece_model")
                                ? "; the SentencePiece model inside the file is not supported, put the tokenizer.json of"
                                        + " the model beside it"
                                : ""));
    }
}
