package dev.quantreel.engines.convert;

import dev.quantreel.engines.checkpoint.QuantizedLayer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.SymmetricMatrix;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.rotation.RegularHadamard;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Quantizes the block linears of a diffusion transformer and writes them as ComfyUI reads them.
///
/// Names, prefix and fused matrices are those of the source, so that whatever loads the source loads the result; all
/// other tensors are kept as they are. A rotated weight is `rotate(W)` with [RegularHadamard], quantized row by row
/// with one step each and the least squared error. Streams: one tensor is in memory at a time.
public final class ComfyConversion {

    private static final List<Integer> GROUPS = List.of(256, 64, 16);

    /// ComfyUI's four-bit kernels take columns by 64.
    private static final int FOUR_BIT_MULTIPLE = 64;

    private static final String WEIGHT = ".weight";

    private final Checkpoint source;
    private final Settings settings;
    private final SequencedMap<String, QuantizedLayer> layers = new LinkedHashMap<>();
    private final SequencedMap<String, SafetensorsPlan.Type> plan = new LinkedHashMap<>();

    /// How to convert.
    ///
    /// @param format layout
    /// @param keep layers that stay as they are, by their names in the file
    public record Settings(ComfyFormat format, LayerRule keep) {}

    /// What was written.
    ///
    /// @param quantized layers quantized
    /// @param kept block linears left as they were: by rule, or because their width does not suit the format
    /// @param bytes size of the file
    /// @param relativeError root of the mean squared error over the standard deviation of the weights as they are
    /// quantized, all layers
    /// @param worst the layer with the largest relative error, and that error
    public record Report(int quantized, List<String> kept, long bytes, double relativeError, Worst worst) {
        public Report {
            kept = List.copyOf(kept);
        }
    }

    /// @param layer name in the file
    /// @param relativeError as in [Report]
    public record Worst(String layer, double relativeError) {}

    private ComfyConversion(Checkpoint source, Settings settings) {
        this.source = source;
        this.settings = settings;
    }

    /// Quantizes and writes.
    ///
    /// @param source a transformer in any format and layout
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is no known transformer
    /// @throws IllegalArgumentException when no layer can be quantized, or a weight is not finite
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException when it cannot be written; nothing is kept
    /// @throws java.util.concurrent.CancellationException when cancelled; nothing is kept
    public static Report write(
            Checkpoint source,
            Path target,
            Settings settings,
            QuantizationProgress progress,
            CancellationToken cancellation) {
        return new ComfyConversion(source, settings).write(target, progress, cancellation);
    }

    private Report write(Path target, QuantizationProgress progress, CancellationToken cancellation) {
        List<String> linears = LinearNames.of(TransformerCheckpoint.of(source));
        List<String> kept = choose(linears);
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(source.source() + ": none of its " + linears.size()
                    + " block linears can be quantized as " + settings.format().id() + "; all were kept");
        }
        source.names().forEach(this::plan);
        SafetensorsPlan file = SafetensorsPlan.of(target.toString(), plan, metadata());
        ErrorSum errors = new ErrorSum();
        SafetensorsWriter.write(target, file, channel -> {
            PlannedFile content = new PlannedFile(file, channel);
            try {
                write(content, errors, progress, cancellation);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            content.requireComplete();
        });
        return new Report(layers.size(), kept, file.fileBytes(), errors.relative(), errors.worst());
    }

    private void write(
            PlannedFile content, ErrorSum errors, QuantizationProgress progress, CancellationToken cancellation) {
        int done = 0;
        for (String name : source.names()) {
            cancellation.throwIfCancelled();
            QuantizedLayer layer = layer(name);
            if (layer == null) {
                content.put(name, kept(name));
            } else {
                SymmetricMatrix matrix = quantize(layer, content, cancellation);
                errors.add(layer.name(), matrix, source.shape(name).elements());
                done++;
                progress.layerDone(layer.name(), done, layers.size());
            }
        }
    }

    /// Fills [#layers]; returns what stays as it is.
    private List<String> choose(List<String> linears) {
        List<String> selected = settings.keep().select(linears);
        for (String linear : selected) {
            Shape shape = source.shape(linear + WEIGHT);
            describe(linear, shape).ifPresent(layer -> layers.put(linear, layer));
        }
        return linears.stream().filter(linear -> !layers.containsKey(linear)).toList();
    }

    private Optional<QuantizedLayer> describe(String linear, Shape shape) {
        ComfyFormat format = settings.format();
        long columns = shape.dim(-1);
        if (shape.rank() != 2 || format.bits() == 4 && columns % FOUR_BIT_MULTIPLE != 0) {
            return Optional.empty();
        }
        OptionalInt group = GROUPS.stream()
                .mapToInt(Integer::intValue)
                .filter(size -> columns % size == 0)
                .findFirst();
        if (!format.rotated() || group.isEmpty()) {
            return Optional.of(new QuantizedLayer(linear, format.layout(), 0));
        }
        return Optional.of(new QuantizedLayer(linear, format.layout(), group.getAsInt()));
    }

    private @Nullable QuantizedLayer layer(String tensor) {
        return tensor.endsWith(WEIGHT) ? layers.get(tensor.substring(0, tensor.length() - WEIGHT.length())) : null;
    }

    private void plan(String name) {
        QuantizedLayer layer = layer(name);
        if (layer == null) {
            plan.put(name, new SafetensorsPlan.Type(keptType(name), source.shape(name)));
            return;
        }
        long rows = source.shape(name).dim(0);
        long columns = source.shape(name).dim(1);
        boolean fourBits = settings.format().bits() == 4;
        plan.put(name, new SafetensorsPlan.Type(DType.I8, Shape.of(rows, fourBits ? columns / 2 : columns)));
        plan.put(layer.scaleName(), new SafetensorsPlan.Type(DType.F32, scaleShape(rows)));
        plan.put(layer.markerName(), new SafetensorsPlan.Type(DType.U8, Shape.of(marker(layer).length)));
    }

    /// ComfyUI tells scales per row from one scale by the second axis; its four-bit layout has none.
    private Shape scaleShape(long rows) {
        return settings.format().bits() == 4 ? Shape.of(rows) : Shape.of(rows, 1);
    }

    private SymmetricMatrix quantize(QuantizedLayer layer, PlannedFile content, CancellationToken cancellation) {
        String name = layer.name() + WEIGHT;
        WeightMatrix weight = WeightMatrix.of(name, source.tensor(name));
        WeightMatrix basis =
                layer.rotationGroup() > 0 ? weight.rotated(new RegularHadamard(layer.rotationGroup())) : weight;
        SymmetricMatrix matrix = SymmetricMatrix.of(basis, settings.format().bits(), RowTasks.parallel(cancellation));
        content.put(name, matrix.codes());
        content.put(
                layer.scaleName(),
                matrix.steps().reshape(scaleShape(weight.rows()).toArray()));
        byte[] marker = marker(layer);
        content.put(layer.markerName(), new Tensor(DType.U8, Shape.of(marker.length), MemorySegment.ofArray(marker)));
        return matrix;
    }

    private static byte[] marker(QuantizedLayer layer) {
        return layer.toJson().getBytes(StandardCharsets.UTF_8);
    }

    /// What the source packed is stored as BF16; everything else as it was.
    private DType keptType(String name) {
        boolean unpacked = source.dtype(name) == DType.F32
                && source.storedBytes(name) < 2 * source.shape(name).elements();
        return unpacked ? DType.BF16 : source.dtype(name);
    }

    private Tensor kept(String name) {
        Tensor tensor = source.tensor(name);
        DType type = keptType(name);
        return tensor.dtype() == type ? tensor : Conversions.fromF32(tensor, type);
    }

    private Map<String, String> metadata() {
        Map<String, String> metadata = new LinkedHashMap<>(source.metadata());
        metadata.put(QuantizedLayer.METADATA, QuantizedLayer.metadata(layers.values()));
        return metadata;
    }
}
