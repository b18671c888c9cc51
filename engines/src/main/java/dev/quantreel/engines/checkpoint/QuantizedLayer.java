package dev.quantreel.engines.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// What ComfyUI's mixed-precision files say about one linear: a `<layer>.comfy_quant` tensor of JSON bytes, or an entry
/// of `_quantization_metadata` in the header (ComfyUI, `QUANTIZATION.md`).
///
/// @param name weight key without `.weight`
/// @param format `float8_e4m3fn`, `int8_tensorwise`, `convrot_w4a4`, ...
/// @param rotationGroup columns per rotation; 0 for none
public record QuantizedLayer(String name, String format, int rotationGroup) {

    static final String MARKER = ".comfy_quant";
    /// Key of the header's metadata under which the layers are described.
    public static final String METADATA = "_quantization_metadata";
    static final String ROTATE = "convrot";
    static final String GROUP = "convrot_groupsize";
    static final int USUAL_GROUP = 256;
    private static final String ALWAYS_ROTATED = "convrot_w4a4";

    private static final int LONGEST_MARKER_BYTES = 65_536;
    private static final List<String> PREFIXES = List.of("", "model.diffusion_model.", "diffusion_model.", "model.");

    /// The quantized layers of a checkpoint by name, those of the markers first; empty when it has none.
    ///
    /// @throws CheckpointException when a description is no JSON, or is of a layer without a weight
    static SequencedMap<String, QuantizedLayer> of(Checkpoint stored) {
        SequencedMap<String, QuantizedLayer> layers = new LinkedHashMap<>();
        for (String name : stored.names()) {
            if (name.endsWith(MARKER)) {
                String layer = name.substring(0, name.length() - MARKER.length());
                layers.put(layer, parse(stored, layer, marker(stored, name)));
            }
        }
        String json = stored.metadata().get(METADATA);
        if (json != null) {
            JsonNode described = SmallJson.parse(stored.source() + ", metadata " + METADATA, json)
                    .path("layers");
            for (Map.Entry<String, JsonNode> entry : described.properties()) {
                String layer = withWeight(stored, entry.getKey());
                layers.putIfAbsent(layer, parse(stored, layer, entry.getValue()));
            }
        }
        return layers;
    }

    private static JsonNode marker(Checkpoint stored, String name) {
        if (stored.storedBytes(name) > LONGEST_MARKER_BYTES) {
            throw CheckpointException.ofTensor(
                    stored.source(), name, "has " + stored.storedBytes(name) + " bytes; expected a short JSON text");
        }
        byte[] bytes = stored.tensor(name).data().toArray(ValueLayout.JAVA_BYTE);
        return SmallJson.parse(stored.source() + ", tensor " + name, new String(bytes, StandardCharsets.UTF_8));
    }

    private static QuantizedLayer parse(Checkpoint stored, String layer, JsonNode json) {
        String format = json.path("format").asText("");
        if (format.isEmpty()) {
            throw CheckpointException.ofTensor(
                    stored.source(), layer, "its quantization says no format; it is " + json);
        }
        boolean rotated = format.equals(ALWAYS_ROTATED)
                || json.path(ROTATE).asBoolean(json.path("params").path(ROTATE).asBoolean(false));
        int group = json.path(GROUP).asInt(json.path("params").path(GROUP).asInt(USUAL_GROUP));
        return new QuantizedLayer(layer, format, rotated ? group : 0);
    }

    /// The layer's name in the file: metadata may leave out the prefix of a diffusion model.
    private static String withWeight(Checkpoint stored, String layer) {
        return PREFIXES.stream()
                .map(prefix -> prefix + layer)
                .filter(name -> stored.contains(name + ".weight"))
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        stored.source(),
                        "metadata " + METADATA + " describes layer " + CheckpointException.abbreviated(layer)
                                + ", which has no tensor " + CheckpointException.abbreviated(layer) + ".weight"));
    }

    /// Name of the tensor with the scales.
    public String scaleName() {
        return name + Decoding.WEIGHT_SCALE;
    }

    /// Name of the tensor that describes the layer.
    public String markerName() {
        return name + MARKER;
    }

    /// What the describing tensor holds.
    public String toJson() {
        return json().toString();
    }

    private ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("format", format);
        if (rotationGroup > 0) {
            if (!format.equals(ALWAYS_ROTATED)) {
                json.put(ROTATE, true);
            }
            json.put(GROUP, rotationGroup);
        }
        return json;
    }

    /// What goes into the header's metadata under [#METADATA].
    public static String metadata(Collection<QuantizedLayer> layers) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("format_version", "1.0");
        ObjectNode described = json.putObject("layers");
        layers.forEach(layer -> described.set(layer.name, layer.json()));
        return json.toString();
    }

    /// What one would call the precision of this layer.
    String precision() {
        return switch (format) {
            case "int8_tensorwise" -> rotationGroup > 0 ? "int8_convrot" : "int8_tensorwise";
            default -> format;
        };
    }
}
