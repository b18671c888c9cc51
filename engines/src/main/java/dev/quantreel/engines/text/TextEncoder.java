package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/// A UMT5 or T5 v1.1 encoder opened on an engine, with its tokenizer. Not thread-safe; closed by whoever opened it.
///
/// Only the real tokens of a prompt are run; the rest of the result is zero, which is what Wan's own pipeline makes
/// of a masked and padded run.
public final class TextEncoder implements AutoCloseable {

    private final T5Config config;
    private final Tensor embedding;
    private final PromptTokenizer tokenizer;
    private final Session session;

    private TextEncoder(T5Config config, Tensor embedding, PromptTokenizer tokenizer, Session session) {
        this.config = config;
        this.embedding = embedding;
        this.tokenizer = tokenizer;
        this.session = session;
    }

    /// @param checkpoint kept: token embeddings are read from it at every prompt
    /// @param tokenizer closed with the encoder
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is not such an encoder
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    public static TextEncoder open(Engine engine, Checkpoint checkpoint, PromptTokenizer tokenizer) {
        T5Config config = T5Config.of(checkpoint);
        Session session = engine.open(T5Graph.build(config, new FloatWeights(checkpoint), Dialect.ONNX_RUNTIME));
        return new TextEncoder(config, checkpoint.tensor(T5Config.EMBEDDING), tokenizer, session);
    }

    /// Says at once whether a checkpoint is a text encoder at all, before its tokenizer is looked for.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is not; the message says what it
    // is
    public static void requireSupported(Checkpoint checkpoint) {
        T5Config.of(checkpoint);
    }

    /// Width of an embedding.
    public int dim() {
        return config.dim();
    }

    /// Encodes a prompt. A prompt of more than `textLength` tokens is cut, keeping its last (end) token.
    ///
    /// @param textLength tokens of the result
    /// @return F32 `[1, textLength, dim]`, zero beyond the prompt
    public Tensor encode(String prompt, int textLength, CancellationToken cancellation) {
        int[] ids = tokenizer.encode(prompt);
        if (ids.length > textLength) {
            int end = ids[ids.length - 1];
            ids = Arrays.copyOf(ids, textLength);
            ids[textLength - 1] = end;
        }
        return encode(ids, textLength, cancellation);
    }

    /// Encodes token ids, special tokens included and padding not.
    ///
    /// @return F32 `[1, textLength, dim]`, zero beyond `ids`
    /// @throws IllegalArgumentException when an id is not in the vocabulary or there are more than `textLength`
    public Tensor encode(int[] ids, int textLength, CancellationToken cancellation) {
        if (ids.length > textLength) {
            throw new IllegalArgumentException(ids.length + " tokens do not fit a text length of " + textLength);
        }
        Tensor padded = Tensor.zeros(DType.F32, Shape.of(1, textLength, config.dim()));
        if (ids.length > 0) {
            Tensor hidden = session.run(
                    Map.of("embeddings", embed(ids), "buckets", RelativeBuckets.of(ids.length, config.buckets())),
                    "hidden",
                    cancellation);
            MemorySegment.copy(hidden.data(), 0, padded.data(), 0, hidden.data().byteSize());
        }
        return padded;
    }

    private Tensor embed(int[] ids) {
        Tensor rows = Tensor.zeros(DType.F32, Shape.of(1, ids.length, config.dim()));
        long storedBytes = embedding.dtype().byteSize(config.dim());
        long rowBytes = (long) config.dim() * Float.BYTES;
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if (id < 0 || id >= config.vocabulary()) {
                throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of "
                        + config.vocabulary() + "; the tokenizer does not belong to this text encoder");
            }
            Tensor row = new Tensor(
                    embedding.dtype(), Shape.of(config.dim()), embedding.data().asSlice(id * storedBytes, storedBytes));
            Conversions.toF32(row, rows.data().asSlice(i * rowBytes, rowBytes));
        }
        return rows;
    }

    @Override
    public void close() {
        try {
            session.close();
        } finally {
            tokenizer.close();
        }
    }
}
