package dev.quantreel.engines.artifact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// What an artifact says about itself in the metadata of its header.
///
/// @param family title of the model's family; the tensors have its canonical names
/// @param tool what wrote it
/// @param recipe what was done
/// @param source what it was made from
/// @param layers quantized linears by name, in the order of the model
public record ArtifactHeader(
        String family, String tool, Recipe recipe, ArtifactSource source, SequencedMap<String, ArtifactLayer> layers) {

    /// Version of the file.
    public static final int VERSION = 1;

    static final String MARK = "quantreel.artifact";
    private static final String COMPLETE = "quantreel.complete";
    private static final String TOOL = "quantreel.tool";
    private static final String RECIPE = "quantreel.recipe";
    private static final String SOURCE = "quantreel.source";
    private static final String LAYERS = "quantreel.layers";

    public ArtifactHeader {
        layers = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(layers));
    }

    /// The same with the digest of its source.
    ArtifactHeader with(String digest) {
        return new ArtifactHeader(family, tool, recipe, source.with(digest), layers);
    }

    /// Whether a file says that it is an artifact.
    static boolean isOn(Checkpoint stored) {
        return stored.metadata().containsKey(MARK);
    }

    /// Reads a header.
    ///
    /// @throws CheckpointException when it is unfinished, of another version, or damaged
    static ArtifactHeader of(Checkpoint stored) {
        Map<String, String> metadata = stored.metadata();
        String version = metadata.getOrDefault(MARK, "");
        if (!version.equals(Integer.toString(VERSION))) {
            throw new CheckpointException(
                    stored.source(),
                    "is a quantized file of version '" + CheckpointException.abbreviated(version)
                            + "'; this program reads version " + VERSION);
        }
        if (!text(stored, COMPLETE).equals("1")) {
            throw new CheckpointException(
                    stored.source(),
                    "is an unfinished quantized file: its writing was stopped. Run the same `quantreel quantize` again,"
                            + " it goes on where it was stopped; or delete the file");
        }
        try {
            JsonNode source = Recipe.tree(SOURCE, text(stored, SOURCE));
            return new ArtifactHeader(
                    text(stored, TransformerCheckpoint.FAMILY_METADATA),
                    text(stored, TOOL),
                    Recipe.parse(RECIPE, text(stored, RECIPE)),
                    new ArtifactSource(
                            source.path("name").asText(),
                            source.path("digest").asText(),
                            source.path("bytes").asLong(),
                            source.path("format").asText()),
                    layers(Recipe.tree(LAYERS, text(stored, LAYERS))));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(stored.source(), "has a damaged header: " + e.getMessage(), e);
        }
    }

    private static String text(Checkpoint stored, String key) {
        return Optional.ofNullable(stored.metadata().get(key))
                .orElseThrow(() -> new CheckpointException(
                        stored.source(), "is marked as a quantized file, but has no metadata " + key));
    }

    private static SequencedMap<String, ArtifactLayer> layers(JsonNode document) {
        SequencedMap<String, ArtifactLayer> layers = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : document.properties()) {
            JsonNode layer = entry.getValue();
            int columns = layer.path("columns").asInt();
            int bits = layer.path("bits").asInt();
            if (columns < 1 || bits < 2 || bits > 8) {
                throw new IllegalArgumentException(LAYERS + ": " + CheckpointException.abbreviated(entry.getKey())
                        + " has " + columns + " columns of " + bits + " bits; at least 1 column of 2 to 8 bits is"
                        + " accepted");
            }
            List<ArtifactLayer.Branch> branches = new ArrayList<>();
            for (JsonNode branch : layer.path("branches")) {
                branches.add(branch(branch));
            }
            layers.put(
                    entry.getKey(),
                    new ArtifactLayer(
                            entry.getKey(),
                            columns,
                            bits,
                            values(layer.path("values"), bits),
                            layer.path("multiplied").asBoolean(),
                            layer.path("smoothed").asBoolean(),
                            layer.path("row_sums").asBoolean(),
                            layer.path("modulation").asBoolean(),
                            branches));
        }
        return layers;
    }

    /// The word for its basis, or an object with that and the number of frames.
    private static ArtifactLayer.Branch branch(JsonNode node) {
        String basis = node.isTextual() ? node.asText() : node.path("basis").asText();
        return new ArtifactLayer.Branch(
                LowRankBranch.Basis.valueOf(basis.toUpperCase(Locale.ROOT)),
                node.path("frames").asInt());
    }

    private static JsonNode describe(ArtifactLayer.Branch branch) {
        String basis = branch.basis().name().toLowerCase(Locale.ROOT);
        return branch.frames() == 0
                ? TextNode.valueOf(basis)
                : Recipe.object().put("basis", basis).put("frames", branch.frames());
    }

    private static CodeValues values(JsonNode node, int bits) {
        return switch (node.path("kind").asText("integers")) {
            case "integers" -> new CodeValues.Integers();
            case "fractions" -> new CodeValues.Fractions(node.path("parts").asInt());
            case "table" -> {
                List<Integer> levels = new ArrayList<>();
                node.path("levels").forEach(level -> levels.add(level.asInt()));
                if (levels.size() != 1 << bits) {
                    throw new IllegalArgumentException(
                            LAYERS + ": a table has " + levels.size() + " levels for codes of " + bits + " bits");
                }
                yield new CodeValues.Table(levels);
            }
            default -> throw new IllegalArgumentException(LAYERS + ": values " + node + " are unknown");
        };
    }

    private static ObjectNode describe(CodeValues values) {
        return switch (values) {
            case CodeValues.Integers() -> Recipe.object();
            case CodeValues.Fractions(int parts) ->
                Recipe.object().put("kind", "fractions").put("parts", parts);
            case CodeValues.Table(List<Integer> levels) -> {
                ObjectNode node = Recipe.object().put("kind", "table");
                ArrayNode array = node.putArray("levels");
                levels.forEach(array::add);
                yield node;
            }
        };
    }

    /// The metadata of the file, in which values of both states have the same length.
    ///
    /// @param original metadata of the source, such as its `config`
    /// @param complete whether every tensor is there; the digest of the source is only then known
    Map<String, String> metadata(Map<String, String> original, boolean complete) {
        Map<String, String> metadata = new LinkedHashMap<>(original);
        metadata.put(MARK, Integer.toString(VERSION));
        metadata.put(COMPLETE, complete ? "1" : "0");
        metadata.put(TOOL, tool);
        metadata.put(TransformerCheckpoint.FAMILY_METADATA, family);
        metadata.put(RECIPE, recipe.toJson());
        metadata.put(
                SOURCE,
                Recipe.object()
                        .put("name", source.name())
                        .put("digest", complete ? source.digest() : "0".repeat(ArtifactSource.DIGEST_DIGITS))
                        .put("bytes", source.bytes())
                        .put("format", source.format())
                        .toString());
        ObjectNode described = Recipe.object();
        layers.forEach((name, layer) -> described.set(name, describe(layer)));
        metadata.put(LAYERS, described.toString());
        return metadata;
    }

    /// The metadata that holds for what an artifact decodes to, too.
    static Map<String, String> ofModel(Map<String, String> metadata) {
        Map<String, String> own = new LinkedHashMap<>(metadata);
        own.keySet().removeAll(List.of(MARK, COMPLETE, TOOL, RECIPE, SOURCE, LAYERS));
        return own;
    }

    private static ObjectNode describe(ArtifactLayer layer) {
        ObjectNode node = Recipe.object().put("columns", layer.columns()).put("bits", layer.bits());
        ObjectNode values = describe(layer.values());
        if (!values.isEmpty()) {
            node.set("values", values);
        }
        if (layer.multiplied()) {
            node.put("multiplied", true);
        }
        if (layer.smoothed()) {
            node.put("smoothed", true);
        }
        if (layer.summed()) {
            node.put("row_sums", true);
        }
        if (layer.modulation()) {
            node.put("modulation", true);
        }
        if (!layer.branches().isEmpty()) {
            ArrayNode branches = node.putArray("branches");
            layer.branches().forEach(branch -> branches.add(describe(branch)));
        }
        return node;
    }
}
