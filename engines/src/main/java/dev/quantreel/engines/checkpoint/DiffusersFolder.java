package dev.quantreel.engines.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A model as diffusers and transformers save it: a folder with `config.json` and one safetensors file or an index of
/// shards, or a pipeline with such folders in it.
final class DiffusersFolder {

    /// Where the configuration of a folder ends up in a checkpoint's metadata.
    static final String CONFIG = "config";

    private static final Pattern SHARD = Pattern.compile(".*-\\d{5}-of-\\d{5}\\.safetensors");
    private static final Pattern COMPONENT = Pattern.compile("(diffusion_pytorch_model|model)\\b.*");
    private static final long LONGEST_CONFIG_BYTES = 1_000_000;

    private DiffusersFolder() {}

    /// The index or the only safetensors file of a component folder; of a pipeline, that of its transformer.
    ///
    /// @throws CheckpointException when there is none, or several; the message lists what the folder holds
    static Path locate(Path folder) {
        return weights(folder)
                .or(() -> weights(folder.resolve("transformer")))
                .orElseThrow(() -> new CheckpointException(
                        folder.toString(),
                        "this folder holds no checkpoint; expected transformer/ of a diffusers pipeline, or a component"
                                + " folder with *" + ShardIndex.SUFFIX + " or one .safetensors file; it holds "
                                + listing(folder)));
    }

    private static Optional<Path> weights(Path folder) {
        List<Path> files = entries(folder).stream().filter(Files::isRegularFile).toList();
        List<Path> found = matching(files, name -> name.endsWith(ShardIndex.SUFFIX));
        if (found.isEmpty()) {
            found = matching(
                    files,
                    name -> name.endsWith(".safetensors")
                            && !SHARD.matcher(name).matches());
        }
        if (found.size() > 1) {
            throw new CheckpointException(
                    folder.toString(),
                    "holds several checkpoints, open one of them: "
                            + found.stream().map(DiffusersFolder::name).toList());
        }
        if (found.isEmpty()) {
            requireNoLooseShards(folder, files);
        }
        return found.stream().findFirst();
    }

    private static void requireNoLooseShards(Path folder, List<Path> files) {
        List<Path> shards = matching(files, name -> SHARD.matcher(name).matches());
        if (!shards.isEmpty()) {
            throw new CheckpointException(
                    folder.toString(),
                    "holds " + shards.size() + " shards such as " + name(shards.getFirst()) + " but no *"
                            + ShardIndex.SUFFIX + ", which says what lies where");
        }
    }

    /// Whether a file is one shard of several, by its name.
    static boolean isShard(Path file) {
        return SHARD.matcher(name(file)).matches();
    }

    /// The index beside a shard.
    static Optional<Path> indexOf(Path file) {
        if (!isShard(file)) {
            return Optional.empty();
        }
        String name = name(file);
        Path index = file.resolveSibling(name.replaceFirst("-\\d{5}-of-\\d{5}\\.safetensors$", "") + ShardIndex.SUFFIX);
        return Optional.of(index).filter(Files::isRegularFile);
    }

    /// `config.json` beside a component's weights, to be put under [#CONFIG]; empty for other files.
    ///
    /// @throws CheckpointException when it is no JSON object
    static Map<String, String> config(Path weights) {
        Path config = weights.resolveSibling("config.json");
        if (!COMPONENT.matcher(name(weights)).matches() || !Files.isRegularFile(config)) {
            return Map.of();
        }
        return Map.of(CONFIG, SmallJson.read(config, LONGEST_CONFIG_BYTES).toString());
    }

    /// Whether a configuration was written by diffusers.
    static boolean isDiffusers(Map<String, String> metadata) {
        String config = metadata.get(CONFIG);
        JsonNode node = config == null ? null : SmallJson.parse(CONFIG, config);
        return node != null && node.has("_class_name");
    }

    private static List<Path> matching(List<Path> files, Predicate<String> accepts) {
        return files.stream().filter(file -> accepts.test(name(file))).toList();
    }

    private static String listing(Path folder) {
        List<String> names =
                entries(folder).stream().map(DiffusersFolder::name).limit(10).toList();
        return names.isEmpty() ? "nothing" : names.toString();
    }

    private static List<Path> entries(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new CheckpointException(folder.toString(), "cannot be listed: " + e.getMessage(), e);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
