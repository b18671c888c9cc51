package dev.quantreel.engines.text;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Encoded prompts on disk, one safetensors file each, so that a prompt seen before needs no text encoder. Files appear
/// whole; one that is damaged counts as absent and goes; beyond the limit the least recently used go. Several processes
/// may share a folder. A cache that cannot be written does without.
///
/// @param folder created when needed; only files named by this class are touched
/// @param limitBytes of all files together
public record PromptCache(Path folder, long limitBytes) {

    private static final Logger LOG = System.getLogger(PromptCache.class.getName());

    /// Raised whenever encoders give other numbers for the same key.
    private static final String VERSION = "1";

    private static final String SUFFIX = ".prompt.safetensors";
    private static final String CONTEXT = "context";
    private static final String POOLED = "pooled";
    private static final String TOKENS = "tokens";
    private static final String DIGEST = "digest";

    /// What an encoding depends on.
    ///
    /// @param model content digest of the encoder's file
    /// @param precision of its matrices
    /// @param engine what runs it
    /// @param tokens the prompt as the encoder reads it, which includes what its tokenizer made of it
    public static String key(String model, EncoderPrecision precision, String engine, PromptTokens tokens) {
        try {
            String text = String.join("|", VERSION, model, precision.toString(), engine, tokens.toString());
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// The embedding stored under a key; marks it as used.
    public Optional<PromptEmbedding> find(String key) {
        Path file = file(key);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            PromptEmbedding embedding = read(file);
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return Optional.of(embedding);
        } catch (CheckpointException | IllegalArgumentException | IllegalStateException | IOException e) {
            LOG.log(Level.WARNING, "encoded prompt " + file + " is damaged and is made anew: " + e.getMessage());
            delete(file);
            return Optional.empty();
        }
    }

    private static PromptEmbedding read(Path file) {
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : stored.names()) {
                tensors.put(name, Conversions.toF32(stored.tensor(name)));
            }
            if (!digest(tensors).equals(stored.metadata().get(DIGEST))) {
                throw new IllegalArgumentException("its content does not have the digest it was stored with");
            }
            Tensor context = tensors.get(CONTEXT);
            if (context == null) {
                throw new IllegalArgumentException("it has no tensor " + CONTEXT);
            }
            int tokens = Integer.parseInt(stored.metadata().getOrDefault(TOKENS, "-"));
            PromptEmbedding valid = PromptEmbedding.of(context);
            return new PromptEmbedding(
                    valid.padded(tokens), valid.length(), Optional.ofNullable(tensors.get(POOLED)), Optional.empty());
        }
    }

    /// Keeps an embedding of one encoder, its real tokens alone.
    public void store(String key, PromptEmbedding embedding) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(CONTEXT, embedding.valid());
        embedding.pooled().ifPresent(pooled -> tensors.put(POOLED, pooled));
        String tokens = Long.toString(embedding.context().shape().dim(1));
        try {
            SafetensorsWriter.write(file(key), tensors, Map.of(TOKENS, tokens, DIGEST, digest(tensors)));
            evict();
        } catch (CheckpointException | UncheckedIOException | IOException e) {
            LOG.log(Level.WARNING, "the encoded prompt is not kept: " + e.getMessage());
        }
    }

    private static String digest(Map<String, Tensor> tensors) {
        Checkpoint content = new MemoryCheckpoint("encoded prompt", tensors, Map.of());
        return CheckpointDigest.of(content);
    }

    /// Deletes the files used longest ago until the rest fits.
    private void evict() throws IOException {
        record Entry(Path path, long bytes, FileTime used) {}
        List<Entry> entries;
        try (Stream<Path> files = Files.list(folder)) {
            entries = files.filter(path -> path.toString().endsWith(SUFFIX))
                    .map(path -> {
                        try {
                            return new Entry(path, Files.size(path), Files.getLastModifiedTime(path));
                        } catch (IOException e) {
                            return new Entry(path, 0, FileTime.fromMillis(0)); // deleted by another process meanwhile
                        }
                    })
                    .sorted(Comparator.comparing(Entry::used))
                    .toList();
        }
        long total = entries.stream().mapToLong(Entry::bytes).sum();
        for (Entry oldest : entries) {
            if (total <= limitBytes) {
                return;
            }
            delete(oldest.path());
            total -= oldest.bytes();
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(Level.WARNING, file + " cannot be deleted: " + e.getMessage());
        }
    }

    private Path file(String key) {
        return folder.resolve(key + SUFFIX);
    }
}
