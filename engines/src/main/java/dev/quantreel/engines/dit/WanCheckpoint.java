package dev.quantreel.engines.dit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A checkpoint recognised as a Wan 2.1 text-to-video transformer, seen under its canonical names (those of the
/// original release) whatever its layout: original or diffusers names, bare or below `model.diffusion_model.` or
/// `model.`.
///
/// Exactly the tensors of the model are visible, each with the shape the config demands.
public final class WanCheckpoint implements Checkpoint {

    private static final List<String> PREFIXES = List.of("", "model.diffusion_model.", "model.");
    private static final int DEFAULT_HEAD_DIM = 128;
    private static final int DEFAULT_TEXT_LENGTH = 512;

    private final Checkpoint source;
    private final WanConfig config;
    private final Map<String, String> sourceNames;

    private WanCheckpoint(Checkpoint source, WanConfig config, Map<String, String> sourceNames) {
        this.source = source;
        this.config = config;
        this.sourceNames = sourceNames;
    }

    /// Recognises the layout, reads the config from shapes and from the `config` entry of the metadata (which knows
    /// the number of heads and the text length), and checks every tensor.
    ///
    /// @throws UnsupportedCheckpointException when it is another family or variant, or incomplete
    public static WanCheckpoint of(Checkpoint source) {
        for (String prefix : PREFIXES) {
            if (source.contains(prefix + "head.modulation")) {
                return of(source, prefix, UnaryOperator.identity());
            }
            if (source.contains(prefix + "scale_shift_table")
                    && source.contains(prefix + "condition_embedder.time_proj.weight")) {
                return of(source, prefix, WanKeys::diffusers);
            }
        }
        throw new UnsupportedCheckpointException(
                source.source(),
                ModelFamily.describe(source)
                        + "; accepted is a Wan 2.1 text-to-video transformer in ComfyUI's or diffusers' layout"
                        + " (it has a tensor head.modulation or condition_embedder.time_proj.weight)");
    }

    private static WanCheckpoint of(Checkpoint source, String prefix, UnaryOperator<String> layout) {
        UnaryOperator<String> names = canonical -> prefix + layout.apply(canonical);
        WanConfig config = readConfig(source, names);
        Map<String, String> sourceNames = new LinkedHashMap<>();
        WanKeys.shapes(config).forEach((canonical, shape) -> {
            String name = names.apply(canonical);
            CheckpointShapes.require(source, name, shape);
            sourceNames.put(canonical, name);
        });
        SequencedSet<String> surplus = new LinkedHashSet<>(source.names());
        surplus.removeAll(sourceNames.values());
        surplus.removeIf(name -> !name.startsWith(prefix));
        if (!surplus.isEmpty()) {
            throw new UnsupportedCheckpointException(source.source(), ModelFamily.describeSurplus(surplus));
        }
        return new WanCheckpoint(source, config, Collections.unmodifiableMap(sourceNames));
    }

    private static WanConfig readConfig(Checkpoint source, UnaryOperator<String> names) {
        int dim = CheckpointShapes.extent(source, names.apply("head.modulation"), 3, 2);
        int layers = 0;
        while (source.contains(names.apply("blocks." + layers + ".modulation"))) {
            layers++;
        }
        JsonNode metadata = metadata(source);
        int heads = Stream.of("num_heads", "num_attention_heads")
                .mapToInt(field -> metadata.path(field).asInt(0))
                .filter(value -> value > 0)
                .findFirst()
                .orElse(Math.max(1, dim / DEFAULT_HEAD_DIM));
        try {
            return new WanConfig(
                    CheckpointShapes.extent(source, names.apply("patch_embedding.weight"), 5, 1),
                    CheckpointShapes.extent(source, names.apply("head.head.weight"), 2, 0)
                            / (WanConfig.PATCH * WanConfig.PATCH),
                    dim,
                    CheckpointShapes.extent(source, names.apply("blocks.0.ffn.0.weight"), 2, 0),
                    heads,
                    layers,
                    CheckpointShapes.extent(source, names.apply("text_embedding.0.weight"), 2, 1),
                    CheckpointShapes.extent(source, names.apply("time_embedding.0.weight"), 2, 1),
                    metadata.path("text_len").asInt(DEFAULT_TEXT_LENGTH));
        } catch (UnsupportedCheckpointException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedCheckpointException(source.source(), String.valueOf(e.getMessage()));
        }
    }

    private static JsonNode metadata(Checkpoint source) {
        String json = source.metadata().getOrDefault("config", "{}");
        try {
            return new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new UnsupportedCheckpointException(
                    source.source(), "metadata config is not JSON: " + e.getOriginalMessage());
        }
    }

    public WanConfig config() {
        return config;
    }

    /// The linears of the transformer blocks, in the order they run: what a quantization may take part in. Names are
    /// weight keys without `.weight`.
    public List<String> blockLinears() {
        return sourceNames.keySet().stream()
                .filter(name -> name.startsWith("blocks.") && name.endsWith(".weight"))
                .filter(name -> tensor(name).isMatrix())
                .map(name -> name.substring(0, name.length() - ".weight".length()))
                .toList();
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(new LinkedHashSet<>(sourceNames.keySet()));
    }

    @Override
    public boolean contains(String name) {
        return sourceNames.containsKey(name);
    }

    @Override
    public Tensor tensor(String name) {
        @Nullable String sourceName = sourceNames.get(name);
        if (sourceName == null) {
            throw new IllegalArgumentException(source() + ": a Wan transformer has no tensor " + name);
        }
        return source.tensor(sourceName);
    }

    @Override
    public Map<String, String> metadata() {
        return source.metadata();
    }

    @Override
    public String source() {
        return source.source();
    }

    @Override
    public String digest() {
        return source.digest();
    }
}
