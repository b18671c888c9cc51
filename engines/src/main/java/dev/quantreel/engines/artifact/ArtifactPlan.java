package dev.quantreel.engines.artifact;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.PackedMatrix;
import dev.quantreel.engines.quant.QuantizationError;
import dev.quantreel.engines.safetensors.SafetensorsHeader;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// An artifact before it is written: its layers, its tensors and where they will lie. What a run will write is known
/// before the first weight is quantized, so that every run plans the same bytes.
final class ArtifactPlan {

    private final TransformerCheckpoint source;
    private final ArtifactHeader header;
    private final Map<String, SafetensorsPlan.Type> types;
    private final String file;
    private final List<String> order;
    private final SafetensorsPlan unfinished;

    /// Some tensors that are written together.
    ///
    /// @param name canonical tensor name
    /// @param tensors names in the file, in the order in which they are written
    record Unit(String name, List<String> tensors) {}

    private ArtifactPlan(
            TransformerCheckpoint source,
            ArtifactHeader header,
            Map<String, SafetensorsPlan.Type> types,
            String file,
            List<String> order) {
        this.source = source;
        this.header = header;
        this.types = types;
        this.file = file;
        this.order = order;
        this.unfinished = SafetensorsPlan.of(file, types, header.metadata(source.metadata(), false));
    }

    /// @param layers makes the codes
    static ArtifactPlan of(
            TransformerCheckpoint source, ArtifactWriter.Document document, LayerSource layers, Path target) {
        SequencedMap<String, ArtifactLayer> described = new LinkedHashMap<>();
        for (String layer : layers.linears()) {
            described.put(layer, describe(source, layers, layer, false));
        }
        for (String layer : layers.modulations()) {
            described.put(layer, describe(source, layers, layer, true));
        }
        ArtifactHeader header = new ArtifactHeader(
                source.family().title(), document.tool(), document.recipe(), document.source(), described);
        Map<String, SafetensorsPlan.Type> types = new LinkedHashMap<>();
        for (String name : source.names()) {
            ArtifactLayer layer = layer(header, name);
            if (layer == null) {
                types.put(name, new SafetensorsPlan.Type(keptType(source, name), source.shape(name)));
            } else {
                put(types, source, layer, layers);
            }
        }
        return new ArtifactPlan(source, header, types, target.toString(), layers.inOrder(List.copyOf(source.names())));
    }

    private static ArtifactLayer describe(
            TransformerCheckpoint source, LayerSource layers, String layer, boolean modulation) {
        int columns = Math.toIntExact(source.shape(layer + ArtifactLayer.WEIGHT).dim(1));
        List<ArtifactLayer.Branch> branches =
                layers.branches(layer).stream().map(LayerSource.Branch::kind).toList();
        LayerSource.Grids grids = layers.grids(layer);
        boolean multiplied = grids.multipliers().shape().elements() > 0;
        return new ArtifactLayer(
                layer,
                columns,
                layers.bits(layer),
                grids.values(),
                multiplied,
                layers.smoothed(layer),
                layers.summed(layer),
                modulation,
                branches);
    }

    private static void put(
            Map<String, SafetensorsPlan.Type> types,
            TransformerCheckpoint source,
            ArtifactLayer layer,
            LayerSource layers) {
        long rows = source.shape(layer.weight()).dim(0);
        LayerSource.Grids grids = layers.grids(layer.name());
        long rowBytes = PackedMatrix.rowBytes(layer.columns(), layer.bits());
        types.put(layer.codes(), new SafetensorsPlan.Type(DType.U8, Shape.of(rows, rowBytes)));
        types.put(layer.steps(), grids.steps());
        types.put(layer.zeroPoints(), grids.zeroPoints());
        if (layer.multiplied()) {
            types.put(layer.multipliers(), grids.multipliers());
        }
        types.put(layer.figures(), new SafetensorsPlan.Type(DType.F64, Shape.of(QuantizationError.FIGURES)));
        if (layer.smoothed()) {
            types.put(layer.smoothing(), new SafetensorsPlan.Type(DType.F32, Shape.of(layer.columns())));
        }
        if (layer.summed()) {
            types.put(layer.rowSums(), new SafetensorsPlan.Type(DType.F32, Shape.of(rows)));
        }
        List<LayerSource.Branch> branches = layers.branches(layer.name());
        for (int i = 0; i < branches.size(); i++) {
            LayerSource.Branch branch = branches.get(i);
            types.put(
                    layer.down(i), new SafetensorsPlan.Type(branch.dtype(), Shape.of(branch.rank(), layer.columns())));
            types.put(layer.up(i), new SafetensorsPlan.Type(branch.dtype(), Shape.of(rows, branch.rank())));
            types.put(layer.factor(i), new SafetensorsPlan.Type(DType.F32, Shape.of(1)));
            if (branch.kind().frames() > 0) {
                types.put(
                        layer.frames(i),
                        new SafetensorsPlan.Type(
                                DType.F32, Shape.of(branch.kind().frames())));
            }
        }
    }

    private static @Nullable ArtifactLayer layer(ArtifactHeader header, String name) {
        return name.endsWith(ArtifactLayer.WEIGHT)
                ? header.layers().get(name.substring(0, name.length() - ArtifactLayer.WEIGHT.length()))
                : null;
    }

    /// What the source packed is stored as BF16; everything else as it was.
    static DType keptType(TransformerCheckpoint source, String name) {
        boolean unpacked = source.dtype(name) == DType.F32
                && source.storedBytes(name) < 2 * source.shape(name).elements();
        return unpacked ? DType.BF16 : source.dtype(name);
    }

    ArtifactHeader header() {
        return header;
    }

    /// The file while it is written.
    SafetensorsPlan unfinished() {
        return unfinished;
    }

    /// The file when all is in it; its header is as long.
    ///
    /// @param digest of the source
    SafetensorsPlan finished(String digest) {
        SafetensorsPlan finished =
                SafetensorsPlan.of(file, types, header.with(digest).metadata(source.metadata(), true));
        if (finished.header().dataOffsetBytes() != unfinished.header().dataOffsetBytes()) {
            throw new IllegalStateException("the headers of both states differ in length");
        }
        return finished;
    }

    /// The quantized layer of a unit; null for a tensor that is kept.
    @Nullable
    ArtifactLayer layer(Unit unit) {
        return layer(header, unit.name());
    }

    /// Everything to write, in the order in which it is made best.
    List<Unit> units() {
        List<Unit> units = new ArrayList<>();
        for (String name : order) {
            ArtifactLayer layer = layer(header, name);
            units.add(new Unit(name, layer == null ? List.of(name) : layer.tensors()));
        }
        return units;
    }

    /// Where a tensor of the file lies.
    PartialFile.Extent extent(String tensor) {
        SafetensorsHeader.Entry entry =
                Objects.requireNonNull(unfinished.header().entries().get(tensor));
        return new PartialFile.Extent(unfinished.header().dataOffsetBytes() + entry.beginBytes(), entry.byteSize());
    }
}
