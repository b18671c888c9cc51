package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.gguf.GgufFile;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Opens checkpoints of every supported format.
public final class CheckpointFiles {

    private static final byte[] GGUF_MAGIC = {'G', 'G', 'U', 'F'};

    private CheckpointFiles() {}

    /// Recognises the format by name and content, maps the files and validates their headers; no weight is read.
    ///
    /// Accepted are a safetensors file, an index of shards (`*.safetensors.index.json`), a GGUF file, and a
    /// folder as diffusers saves it: a component with its `config.json`, which goes into the metadata under
    /// `config`, or a pipeline, whose `transformer` is opened.
    ///
    /// @throws CheckpointException when a file is missing, unreadable, truncated, malformed, of another format, or
    ///     packed in a way that is not known
    public static CheckpointFile open(Path path) {
        Path file = Files.isDirectory(path) ? DiffusersFolder.locate(path) : path;
        if (isGguf(file)) {
            return openGguf(path, file);
        }
        if (file.toString().toLowerCase(Locale.ROOT).endsWith(ShardIndex.SUFFIX)) {
            return openShards(path, file);
        }
        requireWhole(file);
        SafetensorsFile opened = SafetensorsFile.open(file);
        return decoded(path, file, List.of(file), opened, opened::close);
    }

    /// The index that a shard belongs to, when the file is one and the index lies beside it: tables show the index.
    public static Optional<Path> indexOfShard(Path file) {
        return DiffusersFolder.indexOf(file);
    }

    /// A view of an open checkpoint, such as one with a LoRA merged in, as a file of its own.
    ///
    /// @param base whose files and format it has
    /// @param view what it hands out
    /// @param owner runs when it is closed
    public static CheckpointFile view(CheckpointFile base, Checkpoint view, Runnable owner) {
        return new OpenCheckpoint(base.path(), base.parts(), base.format(), base.stored(), view, owner);
    }

    private static CheckpointFile openShards(Path path, Path index) {
        ShardedCheckpoint shards = ShardedCheckpoint.open(index);
        return decoded(path, index, shards.files(), shards, shards::close);
    }

    private static CheckpointFile openGguf(Path path, Path file) {
        GgufFile stored = GgufFile.open(file);
        boolean done = false;
        try {
            GgufCheckpoint decoded = GgufCheckpoint.of(stored);
            CheckpointFormat format = new CheckpointFormat("GGUF", decoded.precision());
            CheckpointFile opened = new OpenCheckpoint(path, List.of(file), format, stored, decoded, stored::close);
            done = true;
            return opened;
        } finally {
            if (!done) {
                stored.close();
            }
        }
    }

    private static CheckpointFile decoded(
            Path path, Path weights, List<Path> parts, Checkpoint stored, Runnable owner) {
        boolean done = false;
        try {
            Map<String, String> config = DiffusersFolder.config(weights);
            StoredFormat.Decoded decoded = StoredFormat.find(stored).orElseGet(() -> Decoding.of(stored, config));
            String container = DiffusersFolder.isDiffusers(config)
                    ? "diffusers folder"
                    : parts.size() == 1 ? "safetensors" : "safetensors, " + parts.size() + " shards";
            CheckpointFile file = new OpenCheckpoint(
                    path, parts, new CheckpointFormat(container, decoded.precision()), stored, decoded.view(), owner);
            done = true;
            return file;
        } finally {
            if (!done) {
                owner.run();
            }
        }
    }

    /// A single shard is not a model: names the index instead of reporting missing tensors.
    private static void requireWhole(Path file) {
        if (DiffusersFolder.isShard(file) && Files.exists(file)) {
            throw new CheckpointException(
                    file.toString(),
                    "is one shard of several; open their *" + ShardIndex.SUFFIX + " or the folder instead");
        }
    }

    private static boolean isGguf(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream input = Files.newInputStream(file)) {
            return Arrays.equals(input.readNBytes(GGUF_MAGIC.length), GGUF_MAGIC);
        } catch (IOException e) {
            return false; // the reader of safetensors says why it cannot be opened
        }
    }
}
