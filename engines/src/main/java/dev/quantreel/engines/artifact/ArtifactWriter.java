package dev.quantreel.engines.artifact;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/// Writes artifacts, tensor by tensor: one layer is in memory at a time, whatever the size of the model.
///
/// The file grows as `TARGET.part` and is moved onto its name when it is whole. A run that was stopped or killed leaves
/// the part; the same call goes on after the last tensor that is whole, and the bytes of the file are those of a run
/// that was never stopped. They depend on source and document alone, not on threads.
public final class ArtifactWriter {

    private final TransformerCheckpoint source;
    private final ArtifactPlan plan;
    private final LayerSource layers;
    private final ArtifactProgress progress;
    private final CancellationToken cancellation;

    /// What an artifact says about itself.
    ///
    /// @param recipe what is done
    /// @param source what it is made from
    /// @param tool name and version of this program
    public record Document(Recipe recipe, ArtifactSource source, String tool) {

        /// By this version of this program.
        public Document(Recipe recipe, ArtifactSource source) {
            this(recipe, source, Tool.title());
        }
    }

    /// How a run is watched and stopped.
    public record Watch(ArtifactProgress progress, CancellationToken cancellation) {
        /// By nobody.
        public static final Watch NONE = new Watch(ArtifactProgress.NONE, CancellationToken.NONE);
    }

    private ArtifactWriter(TransformerCheckpoint source, ArtifactPlan plan, LayerSource layers, Watch watch) {
        this.source = source;
        this.plan = plan;
        this.layers = layers;
        this.progress = watch.progress();
        this.cancellation = watch.cancellation();
    }

    /// Quantizes a transformer by the document's recipe and writes it.
    ///
    /// @throws IllegalArgumentException when the recipe does not fit the model, needs it to run, or a weight is not
    /// finite
    /// @throws CheckpointException when it cannot be written, or a part of something else is in the way; what is
    /// whole
    /// of the part is kept
    /// @throws java.util.concurrent.CancellationException when cancelled, within a second; what is whole is kept
    public static void write(TransformerCheckpoint source, Path target, Document document, Watch watch) {
        LayerSource layers = new StreamedLayers(source, document.recipe().plan(), watch.cancellation());
        write(source, layers, Target.of(target), document, watch);
    }

    /// Writes weights that were quantized before, with the branches beside them.
    ///
    /// @throws CheckpointException as the other
    /// @throws java.util.concurrent.CancellationException as the other
    public static void write(
            TransformerCheckpoint source, QuantizedWeights weights, Path target, Document document, Watch watch) {
        write(source, new PreparedLayers(weights), Target.of(target), document, watch);
    }

    /// @param output what takes the bytes
    record Target(Path file, PartialFile.Output output) {
        static Target of(Path file) {
            return new Target(file, (channel, bytes, position) -> channel.write(bytes, position));
        }
    }

    static void write(TransformerCheckpoint source, LayerSource layers, Target target, Document document, Watch watch) {
        if (document.recipe().plan().input().fusedValues()) {
            throw new IllegalArgumentException(
                    "the recipe moves rotations into the weights of values, which a file does"
                            + " not keep; take fused_values off (fuseValues at the node) and rotate on line");
        }
        ArtifactPlan plan = ArtifactPlan.of(source, document, layers, target.file());
        if (plan.header().layers().isEmpty()) {
            throw new IllegalArgumentException(
                    source.source() + ": the recipe keeps every linear; nothing is quantized");
        }
        try (PartialFile file = PartialFile.open(
                target.file(),
                plan.unfinished().headerBytes(),
                plan.unfinished().fileBytes(),
                target.output())) {
            new ArtifactWriter(source, plan, layers, watch).write(file);
            file.finish(plan.finished().headerBytes());
        } catch (UncheckedIOException e) {
            throw cannotWrite(target.file(), Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw cannotWrite(target.file(), e);
        }
    }

    private static CheckpointException cannotWrite(Path target, IOException cause) {
        return new CheckpointException(
                target.toString(),
                "cannot be written: " + cause.getMessage() + "; what is done is kept in "
                        + PartialFile.part(target).getFileName() + ", the same command goes on there",
                cause);
    }

    /// Forgets what was begun.
    ///
    /// @return whether there was something
    /// @throws CheckpointException when it cannot be deleted
    public static boolean discard(Path target) {
        try {
            boolean part = Files.deleteIfExists(PartialFile.part(target));
            return Files.deleteIfExists(PartialFile.journal(target)) || part;
        } catch (IOException e) {
            throw new CheckpointException(
                    PartialFile.part(target).toString(), "cannot be deleted: " + e.getMessage(), e);
        }
    }

    private void write(PartialFile file) throws IOException {
        List<ArtifactPlan.Unit> units = plan.units();
        long total = units.stream()
                .mapToLong(unit -> source.storedBytes(unit.name()))
                .sum();
        long widest = units.stream()
                .map(ArtifactPlan.Unit::tensors)
                .mapToLong(tensors -> plan.extent(tensors.getFirst()).bytes())
                .max()
                .orElse(1);
        long done = 0;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment codes = arena.allocate(widest);
            for (ArtifactPlan.Unit unit : units) {
                cancellation.throwIfCancelled();
                boolean resumed = file.has(
                        unit.name(), unit.tensors().stream().map(plan::extent).toList());
                if (!resumed) {
                    write(unit, file.begin(unit.name()), codes);
                }
                long bytes = source.storedBytes(unit.name());
                done += bytes;
                progress.done(new ArtifactProgress.Step(unit.name(), bytes, done, total, resumed));
            }
        }
    }

    private void write(ArtifactPlan.Unit unit, PartialFile.Unit to, MemorySegment codes) throws IOException {
        ArtifactLayer layer = plan.layer(unit);
        if (layer == null) {
            Tensor tensor = source.tensor(unit.name());
            DType type = ArtifactPlan.keptType(source, unit.name());
            put(to, unit.name(), tensor.dtype() == type ? tensor : Conversions.fromF32(tensor, type));
            tensor.evict();
        } else {
            write(layer, to, codes);
        }
        to.done();
    }

    private void write(ArtifactLayer layer, PartialFile.Unit to, MemorySegment codes) {
        LayerSource.Quantized quantized = layers.quantize(layer.name());
        QuantizedMatrix matrix = quantized.matrix();
        put(to, layer.codes(), matrix.packedCodes(codes, RowTasks.parallel(cancellation)));
        put(to, layer.steps(), matrix.steps());
        put(to, layer.zeroPoints(), matrix.zeroPoints());
        if (layer.multiplied()) {
            put(to, layer.multipliers(), matrix.grids().multipliers());
        }
        put(to, layer.figures(), doubles(Artifact.figures(matrix.error())));
        quantized
                .smoothing()
                .ifPresent(factors -> put(to, layer.smoothing(), Tensor.of(Shape.of(factors.length), factors)));
        List<LowRankBranch> branches = quantized.branches();
        for (int i = 0; i < branches.size(); i++) {
            put(to, layer.down(i), branches.get(i).down());
            put(to, layer.up(i), branches.get(i).up());
            put(to, layer.factor(i), Tensor.of(Shape.of(1), branches.get(i).factor()));
        }
    }

    private static Tensor doubles(double[] values) {
        Tensor tensor = Tensor.zeros(DType.F64, Shape.of(values.length));
        MemorySegment.copy(values, 0, tensor.data(), Artifact.DOUBLE, 0, values.length);
        return tensor;
    }

    private void put(PartialFile.Unit to, String name, Tensor tensor) {
        PartialFile.Extent extent = plan.extent(name);
        if (tensor.data().byteSize() != extent.bytes()) {
            throw new IllegalStateException(
                    "tensor " + name + " has " + tensor.data().byteSize() + " bytes, planned were " + extent.bytes());
        }
        to.put(tensor.data(), extent.beginBytes());
    }
}
