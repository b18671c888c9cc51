package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.checkpoint.ScaledMatrix.Codes;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds out how the weights of safetensors are packed, layer by layer, and makes the view that unpacks them:
/// `comfy_quant`, `fp8_scaled`, scales beside 8-bit floats, and 8-bit floats as they are.
final class Decoding {

    static final String WEIGHT = ".weight";
    static final String WEIGHT_SCALE = ".weight_scale";
    static final String SCALED_FP8 = "scaled_fp8";
    static final String SCALE_WEIGHT = ".scale_weight";
    static final String ACCEPTED = "accepted are float8_e4m3fn, float8_e5m2, int8_tensorwise (also with convrot) and"
            + " convrot_w4a4, besides fp8_scaled, plain fp8, fp16, bf16 and fp32";

    private static final Set<DType> EIGHT_BIT_FLOATS = Set.of(DType.F8_E4M3, DType.F8_E5M2);
    private static final Pattern BLOCK = Pattern.compile("\\.\\d+\\.");
    private static final List<String> ACTIVATION_SCALES = List.of(".input_scale", ".scale_input");

    private final Checkpoint stored;
    private final Map<String, PackedTensor> packed = new LinkedHashMap<>();
    private final Set<String> hidden = new LinkedHashSet<>();
    private final Map<String, Long> precisions = new HashMap<>();

    private Decoding(Checkpoint stored) {
        this.stored = stored;
    }

    /// @param added metadata that the file does not have itself
    /// @throws CheckpointException when weights are packed in a way that cannot be read, or their scales are
    /// missing
    static StoredFormat.Decoded of(Checkpoint stored, Map<String, String> added) {
        ForeignPacking.refuse(stored);
        Decoding decoding = new Decoding(stored);
        QuantizedLayer.of(stored).values().forEach(decoding::comfyQuant);
        decoding.scaledFloats();
        decoding.plainFloats();
        ForeignPacking.refuseIntegers(stored, decoding.packed.keySet());
        String precision = decoding.precisions.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElseGet(() -> Precision.of(stored));
        boolean asStored = decoding.packed.isEmpty() && decoding.hidden.isEmpty() && added.isEmpty();
        Checkpoint view = asStored ? stored : new DecodedCheckpoint(stored, decoding.packed, decoding.hidden, added);
        return new StoredFormat.Decoded(view, precision);
    }

    private void comfyQuant(QuantizedLayer layer) {
        String weight = layer.name() + WEIGHT;
        if (!stored.contains(weight)) {
            throw CheckpointException.ofTensor(
                    stored.source(), weight, "is missing; " + layer.name() + QuantizedLayer.MARKER + " describes it");
        }
        Codes codes =
                switch (layer.format()) {
                    case "float8_e4m3fn" -> Codes.E4M3;
                    case "float8_e5m2" -> Codes.E5M2;
                    case "int8_tensorwise" -> Codes.INT8;
                    case "convrot_w4a4" -> Codes.INT4;
                    default ->
                        throw CheckpointException.foreign(
                                stored.source(),
                                weight,
                                "is quantized as '" + CheckpointException.abbreviated(layer.format())
                                        + "', which cannot be read; " + ACCEPTED);
                };
        if (stored.contains(layer.name() + ".pre_quant_scale")) {
            throw CheckpointException.foreign(
                    stored.source(),
                    layer.name() + ".pre_quant_scale",
                    "smoothed weights (" + layer.format() + ") cannot be read; " + ACCEPTED);
        }
        requireStorage(weight, codes, layer.format());
        hidden.add(layer.name() + QuantizedLayer.MARKER);
        add(layer.name(), codes, layer.name() + WEIGHT_SCALE, layer.precision(), layer.rotationGroup());
    }

    private void requireStorage(String weight, Codes codes, String format) {
        DType dtype = stored.dtype(weight);
        boolean fits =
                switch (codes) {
                    case E4M3 -> dtype == DType.F8_E4M3 || dtype == DType.U8;
                    case E5M2 -> dtype == DType.F8_E5M2 || dtype == DType.U8;
                    case INT8 -> dtype == DType.I8;
                    case INT4 -> dtype == DType.I8 || dtype == DType.U8;
                };
        if (!fits) {
            throw CheckpointException.ofTensor(
                    stored.source(), weight, "is " + dtype + ", which does not hold the codes of " + format);
        }
    }

    /// `fp8_scaled` (`.scale_weight`), and 8-bit floats with a `.weight_scale` but no description.
    private void scaledFloats() {
        for (String name : stored.names()) {
            if (name.endsWith(WEIGHT) && EIGHT_BIT_FLOATS.contains(stored.dtype(name)) && !packed.containsKey(name)) {
                String layer = name.substring(0, name.length() - WEIGHT.length());
                Codes codes = stored.dtype(name) == DType.F8_E4M3 ? Codes.E4M3 : Codes.E5M2;
                if (stored.contains(layer + SCALE_WEIGHT)) {
                    add(layer, codes, layer + SCALE_WEIGHT, "fp8_scaled", 0);
                } else if (stored.contains(layer + WEIGHT_SCALE)) {
                    add(layer, codes, layer + WEIGHT_SCALE, "fp8_scaled", 0);
                }
            }
        }
    }

    /// What is left: eight-bit floats that are their own values, unless the file says that scales belong to them.
    private void plainFloats() {
        List<String> markers = stored.names().stream()
                .filter(name -> name.equals(SCALED_FP8) || name.endsWith("." + SCALED_FP8))
                .toList();
        hidden.addAll(markers);
        for (String name : stored.names()) {
            if (!EIGHT_BIT_FLOATS.contains(stored.dtype(name)) || packed.containsKey(name) || hidden.contains(name)) {
                continue;
            }
            String layer = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
            Optional<String> promise = markers.stream()
                    .filter(marker -> name.startsWith(marker.substring(0, marker.length() - SCALED_FP8.length())))
                    .filter(marker -> stored.shape(name).rank() == 2)
                    .findFirst()
                    .or(() -> ACTIVATION_SCALES.stream()
                            .map(suffix -> layer + suffix)
                            .filter(stored::contains)
                            .findFirst())
                    .or(() -> scaledSibling(name));
            if (promise.isPresent()) {
                throw CheckpointException.ofTensor(
                        stored.source(),
                        name,
                        "is " + Precision.word(stored.dtype(name)) + " without its scale: the file is marked as"
                                + " fp8_scaled (tensor " + promise.get() + "), so that " + layer
                                + (promise.get().endsWith(WEIGHT_SCALE) ? WEIGHT_SCALE : SCALE_WEIGHT)
                                + " is needed to read it; without the scale it would be noise. Convert or download"
                                + " the file again");
            }
            packed.put(name, new WidenedTensor(stored, name));
            precisions.merge(
                    Precision.word(stored.dtype(name)), stored.shape(name).elements(), Long::sum);
        }
    }

    /// A matrix of the same stack of blocks that has a scale: then all of them do.
    private Optional<String> scaledSibling(String name) {
        Optional<String> stack = stack(name);
        return stack.isEmpty() || stored.shape(name).rank() != 2
                ? Optional.empty()
                : packed.entrySet().stream()
                        .filter(other -> other.getValue() instanceof ScaledMatrix)
                        .map(Map.Entry::getKey)
                        .filter(other -> stack(other).equals(stack))
                        .findFirst()
                        .map(other -> other.substring(0, other.length() - WEIGHT.length()))
                        .map(other -> other + (stored.contains(other + SCALE_WEIGHT) ? SCALE_WEIGHT : WEIGHT_SCALE));
    }

    /// What a name has before the number of its block.
    private static Optional<String> stack(String name) {
        Matcher matcher = BLOCK.matcher(name);
        return matcher.find() ? Optional.of(name.substring(0, matcher.start())) : Optional.empty();
    }

    private void add(String layer, Codes codes, String scaleName, String precision, int rotationGroup) {
        String weight = layer + WEIGHT;
        if (!stored.contains(scaleName)) {
            throw CheckpointException.ofTensor(
                    stored.source(),
                    weight,
                    "is " + precision + " without its scale: tensor " + scaleName
                            + " is missing; without it the weights would be noise. Convert or download the file again");
        }
        ScaledMatrix matrix = new ScaledMatrix(
                stored, weight, codes, scales(weight, scaleName), rotationGroup, stored.storedBytes(scaleName));
        requireGroup(matrix);
        packed.put(weight, matrix);
        hidden.add(scaleName);
        ACTIVATION_SCALES.stream()
                .map(suffix -> layer + suffix)
                .filter(stored::contains)
                .forEach(hidden::add);
        precisions.merge(precision, matrix.shape().elements(), Long::sum);
    }

    private float[] scales(String weight, String scaleName) {
        long count = stored.shape(scaleName).elements();
        Shape shape = stored.shape(weight);
        long rows = shape.rank() == 0 ? 1 : shape.dim(0);
        boolean perRow = count == rows
                && (stored.shape(scaleName).rank() == 0
                        || stored.shape(scaleName).dim(0) == rows);
        if (count != 1 && !perRow) {
            throw CheckpointException.ofTensor(
                    stored.source(),
                    scaleName,
                    "is " + stored.shape(scaleName) + "; expected one scale, or one for each of the " + rows
                            + " rows of " + weight);
        }
        float[] scales = Conversions.toFloatArray(stored.tensor(scaleName));
        for (int i = 0; i < scales.length; i++) {
            if (!Float.isFinite(scales[i])) {
                throw CheckpointException.ofTensor(
                        stored.source(), scaleName, "holds " + scales[i] + " at " + i + "; scales must be finite");
            }
        }
        return scales;
    }

    private void requireGroup(ScaledMatrix matrix) {
        if (matrix.rotationGroup() == 0) {
            return;
        }
        Shape shape = matrix.shape();
        int group = matrix.rotationGroup();
        boolean powerOfFour =
                group >= 4 && Integer.bitCount(group) == 1 && Integer.numberOfTrailingZeros(group) % 2 == 0;
        if (shape.rank() != 2 || !powerOfFour || shape.dim(1) % group != 0) {
            throw CheckpointException.ofTensor(
                    stored.source(),
                    matrix.name(),
                    shape + " cannot be rotated in groups of " + group
                            + " (convrot_groupsize); expected a matrix whose columns are a multiple of a power of 4");
        }
    }
}
