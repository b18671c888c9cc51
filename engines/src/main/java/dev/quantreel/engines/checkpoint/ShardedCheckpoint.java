package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.Supplier;

/// The shards of one model as one checkpoint. The index and the shards must agree tensor by tensor, so that a shard of
/// another download or a missing one is found before anything is read.
final class ShardedCheckpoint implements Checkpoint, AutoCloseable {

    private final ShardIndex index;
    private final SequencedMap<String, SafetensorsFile> shards;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Supplier<String> digest = CheckpointDigest.cached(this);

    private ShardedCheckpoint(ShardIndex index, SequencedMap<String, SafetensorsFile> shards) {
        this.index = index;
        this.shards = shards;
        shards.values().forEach(shard -> metadata.putAll(shard.metadata()));
    }

    /// Opens every shard that the index names.
    ///
    /// @throws CheckpointException when a shard is missing or truncated, or index and shards disagree
    static ShardedCheckpoint open(Path path) {
        ShardIndex index = ShardIndex.read(path);
        SequencedMap<String, SafetensorsFile> shards = new LinkedHashMap<>();
        boolean done = false;
        try {
            requireAll(index);
            for (String file : index.files()) {
                shards.put(file, SafetensorsFile.open(path.resolveSibling(file)));
            }
            requireAgreement(index, shards);
            ShardedCheckpoint checkpoint = new ShardedCheckpoint(index, shards);
            done = true;
            return checkpoint;
        } finally {
            if (!done) {
                shards.values().forEach(SafetensorsFile::close);
            }
        }
    }

    private static void requireAll(ShardIndex index) {
        List<String> missing = index.files().stream()
                .filter(file -> !Files.exists(index.path().resolveSibling(file)))
                .toList();
        if (!missing.isEmpty()) {
            long tensors =
                    index.shards().values().stream().filter(missing::contains).count();
            throw new CheckpointException(
                    index.path().toString(),
                    "shard " + String.join(", ", missing) + " is missing (" + tensors + " of "
                            + index.shards().size() + " tensors lie in it); the set has "
                            + index.files().size() + " shards, download the missing one into the same folder");
        }
    }

    private static void requireAgreement(ShardIndex index, Map<String, SafetensorsFile> shards) {
        String file = index.path().toString();
        index.shards().forEach((name, shard) -> {
            SafetensorsFile expected = shards.get(shard);
            if (expected == null || !expected.contains(name)) {
                String where = shards.entrySet().stream()
                        .filter(entry -> entry.getValue().contains(name))
                        .map(entry -> "it lies in " + entry.getKey() + " instead")
                        .findFirst()
                        .orElse("no shard has it");
                throw CheckpointException.ofTensor(
                        file,
                        name,
                        "the index puts it into " + shard + ", but " + where
                                + "; index and shards are of different models or downloads");
            }
        });
        shards.forEach((shard, opened) -> opened.names().forEach(name -> {
            if (!shard.equals(index.shards().get(name))) {
                throw CheckpointException.ofTensor(
                        file,
                        name,
                        "shard " + shard + " has it, but the index "
                                + (index.shards().containsKey(name)
                                        ? "puts it into " + index.shards().get(name)
                                        : "does not name it")
                                + "; index and shards are of different models or downloads");
            }
        }));
    }

    /// The shards' paths.
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        shards.keySet().forEach(file -> files.add(index.path().resolveSibling(file)));
        return files;
    }

    @Override
    public SequencedSet<String> names() {
        return index.shards().sequencedKeySet();
    }

    @Override
    public boolean contains(String name) {
        return index.shards().containsKey(name);
    }

    @Override
    public Tensor tensor(String name) {
        return shard(name).tensor(name);
    }

    @Override
    public Shape shape(String name) {
        return shard(name).shape(name);
    }

    @Override
    public DType dtype(String name) {
        return shard(name).dtype(name);
    }

    private SafetensorsFile shard(String name) {
        SafetensorsFile shard = shards.get(index.shards().getOrDefault(name, ""));
        if (shard == null) {
            throw MissingTensor.of(this, name);
        }
        return shard;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    @Override
    public String source() {
        return String.valueOf(index.path().getFileName());
    }

    @Override
    public String digest() {
        return digest.get();
    }

    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }
}
