package dev.quantreel.engines.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.tensor.CheckpointException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/// `*.safetensors.index.json`: in which shard each tensor lies.
///
/// @param path the index
/// @param shards file name of the shard by tensor
record ShardIndex(Path path, SequencedMap<String, String> shards) {

    static final String SUFFIX = ".safetensors.index.json";
    private static final long LONGEST_BYTES = 100_000_000;

    /// @throws CheckpointException when it cannot be read, is no index, or names files outside its folder
    static ShardIndex read(Path path) {
        String file = path.toString();
        JsonNode map = SmallJson.read(path, LONGEST_BYTES).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new CheckpointException(
                    file, "has no weight_map; expected an index of shards, {\"weight_map\": {tensor: file}}");
        }
        SequencedMap<String, String> shards = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().isTextual() ? entry.getValue().textValue() : "";
            if (!isPlainName(shard)) {
                throw CheckpointException.ofTensor(
                        file,
                        entry.getKey(),
                        "the index puts it into "
                                + CheckpointException.abbreviated(
                                        entry.getValue().toString())
                                + "; expected the name of a .safetensors file in the same folder");
            }
            shards.put(entry.getKey(), shard);
        }
        return new ShardIndex(path, Collections.unmodifiableSequencedMap(shards));
    }

    private static boolean isPlainName(String shard) {
        return shard.endsWith(".safetensors")
                && shard.indexOf('/') < 0
                && shard.indexOf('\\') < 0
                && shard.indexOf('\0') < 0;
    }

    /// File names of the shards, in the order in which the index first names them.
    SequencedSet<String> files() {
        return new LinkedHashSet<>(shards.values());
    }
}
