package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptFormat.Padding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A text encoder of any [TextEncoderFamily] opened on an engine, with its tokenizer. Not thread-safe; closed by
/// whoever opened it.
///
/// Only the tokens that count are run: padding that a model masks or zeroes has no influence on them.
public final class TextEncoder implements AutoCloseable {

    /// Codes that are packed at once.
    private static final long SECTION_BYTES = 512L << 20;

    private final EncoderConfig config;
    private final Tensor embedding;
    private final PromptTokenizer tokenizer;
    private final Loaded loaded;

    private TextEncoder(EncoderConfig config, Tensor embedding, PromptTokenizer tokenizer, Loaded loaded) {
        this.config = config;
        this.embedding = embedding;
        this.tokenizer = tokenizer;
        this.loaded = loaded;
    }

    /// Sessions in the order in which they run.
    private record Loaded(List<Session> sessions, long weightBytes) implements AutoCloseable {
        @Override
        public void close() {
            sessions.forEach(Session::close);
        }
    }

    /// Opens an encoder with the weights of its file.
    ///
    /// @param checkpoint kept: token embeddings are read from it at every prompt
    /// @param tokenizer closed with the encoder
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is not such an encoder
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    public static TextEncoder open(Engine engine, Checkpoint checkpoint, PromptTokenizer tokenizer) {
        return open(engine, checkpoint, tokenizer, EncoderPrecision.FULL);
    }

    /// Opens an encoder whose matrices take fewer bits.
    ///
    /// @param precision of the matrices; what else it has stays F32
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException as [#open(Engine, Checkpoint,
    /// PromptTokenizer)]
    public static TextEncoder open(
            Engine engine, Checkpoint checkpoint, PromptTokenizer tokenizer, EncoderPrecision precision) {
        EncoderKeys keys = EncoderKeys.of(checkpoint);
        EncoderConfig config = EncoderConfig.of(keys);
        FloatWeights weights = new FloatWeights(keys);
        List<Session> sessions = new ArrayList<>();
        long bytes = 0;
        try {
            for (EncoderSection section : sections(config, precision)) {
                try (Arena arena = Arena.ofShared()) {
                    EncoderWeights part = new EncoderWeights(weights, precision, arena);
                    OnnxModel model = config.graph(part, Dialect.ONNX_RUNTIME, section);
                    sessions.add(engine.open(model));
                    bytes += model.weightBytes();
                }
            }
        } catch (RuntimeException | Error e) {
            sessions.forEach(Session::close);
            throw e;
        }
        Tensor embedding = keys.tensor(config.embedding());
        return new TextEncoder(config, embedding, tokenizer, new Loaded(List.copyOf(sessions), bytes));
    }

    /// Weights of full precision are read where they lie, so one graph has them all.
    private static List<EncoderSection> sections(EncoderConfig config, EncoderPrecision precision) {
        int layers = config.layersRun();
        if (precision.isFull() || layers == 0) {
            return List.of(EncoderSection.all(layers));
        }
        long elements =
                config.shapes().values().stream().mapToLong(Shape::elements).sum()
                        - (long) config.vocabulary() * config.dim();
        long layerBytes = elements / layers * precision.bits() / 8;
        return EncoderSection.of(layers, (int) Math.max(1, SECTION_BYTES / Math.max(1, layerBytes)));
    }

    /// Opens an encoder that is given tokens, never prompts.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException as [#open(Engine, Checkpoint,
    /// PromptTokenizer)]
    public static TextEncoder open(Engine engine, Checkpoint checkpoint, EncoderPrecision precision) {
        return open(engine, checkpoint, new NoTokenizer(), precision);
    }

    /// What sort of encoder a checkpoint is, before its tokenizer is looked for.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is none; the message says
    /// what it is
    public static TextEncoderFamily family(Checkpoint checkpoint) {
        return EncoderConfig.of(EncoderKeys.of(checkpoint)).family();
    }

    /// Width of an encoder's vectors, before its tokenizer is looked for.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException as [#family(Checkpoint)]
    public static int width(Checkpoint checkpoint) {
        return EncoderConfig.of(EncoderKeys.of(checkpoint)).dim();
    }

    public TextEncoderFamily family() {
        return config.family();
    }

    /// Width of an embedding.
    public int dim() {
        return config.dim();
    }

    /// Bytes of the weights as the session holds them; the embedding table stays in the file.
    public long weightBytes() {
        return loaded.weightBytes();
    }

    /// Encodes a prompt, see [PromptTokens].
    ///
    /// @return the context; with CLIP-L also the pooled vector. ByT5's context is empty when nothing is quoted
    public PromptEmbedding encode(String prompt, PromptFormat format, CancellationToken cancellation) {
        return encode(PromptTokens.of(family(), tokenizer, prompt, format), cancellation);
    }

    /// Encodes the tokens of a prompt.
    ///
    /// @param tokens made for the same family
    public PromptEmbedding encode(PromptTokens tokens, CancellationToken cancellation) {
        Tensor hidden = rowsFrom(run(tokens.toArray(), cancellation), tokens.crop());
        Optional<Tensor> pooled = config instanceof ClipConfig clip
                ? Optional.of(row(hidden, tokens.firstIndexOf(clip.endToken())))
                : Optional.empty();
        PromptFormat format = tokens.format();
        Tensor context = format.padding() == Padding.ZEROS ? padded(hidden, format.maxTokens()) : hidden;
        return new PromptEmbedding(context, tokens.length(), pooled, Optional.empty());
    }

    /// The context of a prompt, zero-padded.
    ///
    /// @param textLength tokens of the result; a longer prompt is cut
    /// @return F32 `[1, textLength, dim]`
    public Tensor encode(String prompt, int textLength, CancellationToken cancellation) {
        return encode(prompt, new PromptFormat(textLength, Padding.ZEROS), cancellation)
                .context();
    }

    /// The vectors of token ids, zero-padded.
    ///
    /// @param ids special tokens included and padding not
    /// @return F32 `[1, textLength, dim]`
    /// @throws IllegalArgumentException when an id is not in the vocabulary or there are more than `textLength`
    public Tensor encode(int[] ids, int textLength, CancellationToken cancellation) {
        if (ids.length > textLength) {
            throw new IllegalArgumentException(ids.length + " tokens do not fit a text length of " + textLength);
        }
        return padded(run(ids, cancellation), textLength);
    }

    /// Encodes token ids, special tokens included and padding not.
    ///
    /// @return F32 `[1, ids, dim]`
    /// @throws IllegalArgumentException when an id is not in the vocabulary, or there are more than the model has
    /// positions
    public Tensor run(int[] ids, CancellationToken cancellation) {
        if (ids.length == 0) {
            return Tensor.zeros(DType.F32, Shape.of(1, 0, dim()));
        }
        if (ids.length > config.longest()) {
            throw new IllegalArgumentException("a prompt of " + ids.length + " tokens, but this "
                    + family().title() + " has " + config.longest() + " positions only, where "
                    + family().usualFile() + " has as many as its prompts; shorten the prompt or take that file");
        }
        Map<String, Tensor> inputs = new HashMap<>(config.positions(ids.length));
        Tensor hidden = embed(ids);
        for (Session session : loaded.sessions()) {
            inputs.put("embeddings", hidden);
            hidden = session.run(inputs, "hidden", cancellation);
        }
        return hidden;
    }

    /// `[1, dim]`.
    private Tensor row(Tensor hidden, int index) {
        long rowBytes = (long) dim() * Float.BYTES;
        return new Tensor(DType.F32, Shape.of(1, dim()), hidden.data().asSlice(index * rowBytes, rowBytes));
    }

    private static Tensor rowsFrom(Tensor tensor, int from) {
        if (from == 0) {
            return tensor;
        }
        long dim = tensor.shape().dim(2);
        return new Tensor(
                DType.F32,
                Shape.of(1, tensor.shape().dim(1) - from, dim),
                tensor.data().asSlice(from * dim * Float.BYTES));
    }

    private Tensor padded(Tensor hidden, int tokens) {
        Tensor padded = Tensor.zeros(DType.F32, Shape.of(1, tokens, dim()));
        MemorySegment.copy(hidden.data(), 0, padded.data(), 0, hidden.data().byteSize());
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

    private static final class NoTokenizer implements PromptTokenizer {
        @Override
        public int[] encode(String prompt) {
            throw new IllegalStateException("this encoder was opened without a tokenizer; encode tokens");
        }

        @Override
        public void close() {}
    }

    @Override
    public void close() {
        try {
            loaded.close();
        } finally {
            tokenizer.close();
        }
    }
}
