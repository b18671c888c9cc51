package dev.quantreel.engines.text;

import ai.djl.engine.EngineException;
import ai.djl.sentencepiece.SpTokenizer;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Arrays;

/// A SentencePiece model run by Google's own library, whose native code ships in DJL's jar. Appends the end token, as
/// T5 and UMT5 do, and no begin token.
final class SentencePieceTokenizer implements PromptTokenizer {

    private static final String END = "</s>";

    private final SpTokenizer tokenizer;
    private final int end;
    private boolean closed;

    private SentencePieceTokenizer(SpTokenizer tokenizer, int end) {
        this.tokenizer = tokenizer;
        this.end = end;
    }

    /// @param source where the bytes came from, for messages
    /// @param model a serialized SentencePiece model (protobuf message ModelProto)
    static SentencePieceTokenizer of(String source, byte[] model) {
        OfflineNatives.require();
        try {
            SpTokenizer tokenizer = new SpTokenizer(model);
            int end = tokenizer.getProcessor().getId(END);
            if (!tokenizer.getProcessor().getToken(end).equals(END)) {
                tokenizer.close();
                throw new UnsupportedCheckpointException(
                        source, "is a SentencePiece model without the end token " + END);
            }
            return new SentencePieceTokenizer(tokenizer, end);
        } catch (EngineException e) {
            throw new UnsupportedCheckpointException(
                    source, "is no SentencePiece model (" + model.length + " bytes): " + e.getMessage());
        }
    }

    /// @throws IllegalStateException when closed: the native library would read freed memory
    @Override
    public synchronized int[] encode(String prompt) {
        if (closed) {
            throw new IllegalStateException("the tokenizer is closed");
        }
        int[] pieces = tokenizer.getProcessor().encode(prompt);
        int[] ids = Arrays.copyOf(pieces, pieces.length + 1);
        ids[pieces.length] = end;
        return ids;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            tokenizer.close();
        }
    }
}
