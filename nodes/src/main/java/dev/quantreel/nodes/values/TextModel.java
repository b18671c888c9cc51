package dev.quantreel.nodes.values;

import dev.quantreel.engines.memory.TextMemory;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.text.EncoderPrecision;
import dev.quantreel.engines.text.PromptCache;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.PromptFormat;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.PromptTokens;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.spi.Socket;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The text encoders of a model, one or two: ComfyUI's `CLIP`.
///
/// @param parts the encoder of the tokens first
/// @param precision of their matrices
/// @param engine what runs them
@Socket("CLIP")
public record TextModel(List<Part> parts, EncoderPrecision precision, EngineChoice engine) {

    /// Encoders from this size on are closed before a transformer is opened.
    private static final long LARGE_BYTES = 256L << 20;

    private static final long CACHE_BYTES = 256L << 20;

    public TextModel {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a text model has at least one encoder");
        }
    }

    /// One encoder.
    ///
    /// @param file the checkpoint
    /// @param family what it is
    /// @param format length and padding of its prompts
    public record Part(ModelFile file, TextEncoderFamily family, PromptFormat format) {

        /// The tokenizer, which needs neither weights nor engine; owned by the resource cache.
        ///
        /// @throws Exception when there is none for the file
        public PromptTokenizer tokenizer(NodeContext context) throws Exception {
            return context.resources()
                    .get(
                            "tokenizer:" + file.digest(),
                            PromptTokenizer.class,
                            () -> PromptTokenizer.of(file.open(context).file(), file.path()));
        }
    }

    /// What the encoders are, the one of the tokens first.
    public List<TextEncoderFamily> families() {
        return parts.stream().map(Part::family).toList();
    }

    /// Encodes a prompt with every part. Encodings seen before come from the folder of the cache; an encoder is opened
    /// when one is missing.
    ///
    /// @param tokens of each part in their order
    /// @throws Exception when a file is no text encoder, or the engine refuses it
    public PromptEmbedding encode(List<PromptTokens> tokens, NodeContext context) throws Exception {
        PromptEmbedding embedding = encode(parts.getFirst(), tokens.getFirst(), context);
        for (int i = 1; i < parts.size(); i++) {
            embedding = embedding.with(parts.get(i).family(), encode(parts.get(i), tokens.get(i), context));
        }
        return embedding;
    }

    private PromptEmbedding encode(Part part, PromptTokens tokens, NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        PromptCache cache = new PromptCache(context.folders().cache().resolve("prompts"), CACHE_BYTES);
        String key = PromptCache.key(part.file().digest(), precision, runtime.id(), tokens);
        Optional<PromptEmbedding> known = cache.find(key);
        if (known.isPresent()) {
            context.status("prompt known to " + part.file().name() + ", taken from the cache");
            return known.get();
        }
        PromptEmbedding made = open(part, runtime, context).encoder().encode(tokens, context.cancellation());
        cache.store(key, made);
        return made;
    }

    private Opened open(Part part, Engine runtime, NodeContext context) throws Exception {
        String key =
                "text-encoder:" + part.file().digest() + ":" + precision + ":" + runtime.id() + ":" + engine.threads();
        return context.resources().get(key, Opened.class, () -> {
            context.status(
                    "opening " + part.file().name() + ", " + part.family().title() + ", " + precision);
            SharedFile.Lease lease = part.file().open(context).again();
            try {
                requireMemory(new TextMemory(lease.file(), part.format().maxTokens()), context);
                return new Opened(TextEncoder.open(runtime, lease.file(), precision), lease);
            } catch (RuntimeException e) {
                lease.close();
                throw e;
            }
        });
    }

    /// Refuses an encoder that does not fit, and names a precision that does.
    private void requireMemory(TextMemory encoder, NodeContext context) {
        MemoryCheck check = MemoryCheck.now("clip");
        check.require(
                encoder.plan(precision),
                () -> Stream.of(EncoderPrecision.INT8, EncoderPrecision.INT4)
                        .filter(fewer -> fewer.bits() < precision.bits())
                        .filter(fewer -> encoder.plan(fewer).fits(check.memory()))
                        .map(fewer -> "precision int" + fewer.bits() + " in the node that loads the text encoder")
                        .toList(),
                context);
    }

    /// Closes large encoders before a transformer is opened: their work is done, and both together may not fit.
    public static void makeRoom(NodeContext context) {
        long released = context.resources().release(LARGE_BYTES);
        if (released > 0) {
            context.status("closed the text encoder: " + (released >> 20) + " MB given back");
        }
    }

    /// @param lease of the file the encoder reads
    private record Opened(TextEncoder encoder, SharedFile.Lease lease) implements Releasable {
        @Override
        public long residentBytes() {
            return encoder.weightBytes();
        }

        @Override
        public void close() {
            encoder.close();
            lease.close();
        }
    }
}
