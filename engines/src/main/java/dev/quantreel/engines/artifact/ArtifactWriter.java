package dev.quantreel.engines.artifact;

import dev.quantreel.engines.calibration.BlockCalibration;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.PackedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.runtime.BackgroundThread;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Writes artifacts, tensor by tensor: three layers are in memory at a time, whatever the size of the model. One is
/// fetched and enters the digest of the source, one is quantized on all processors, one goes to the file.
///
/// The file grows as `TARGET.part` and is moved onto its name when it is whole. A run that was stopped or killed leaves
/// the part; the same call goes on after the last tensor that is whole, and the bytes of the file are those of a run
/// that was never stopped. They depend on source and document alone, not on threads.
public final class ArtifactWriter {

    private final SourceReader reader;
    private final TransformerCheckpoint source;
    private final ArtifactPlan plan;
    private final LayerSource layers;
    private final ArtifactProgress progress;
    private final CancellationToken cancellation;

    /// What an artifact says about itself.
    ///
    /// @param recipe what is done
    /// @param source what it is made from; a digest that is not known, `""`, is taken while the weights are read
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

    /// What is read.
    ///
    /// @param model the transformer
    /// @param stored what it lies in, before decoding; what the digest is taken of
    /// @param identity tells states of the files apart, and where statistics come from: a part that was begun from
    /// others is not gone on with
    /// @param statistics for recipes that need them
    public record Source(
            TransformerCheckpoint model, Checkpoint stored, String identity, ActivationStatistics statistics) {

        /// Weights alone.
        public Source(TransformerCheckpoint model, Checkpoint stored, String identity) {
            this(model, stored, identity, ActivationStatistics.NONE);
        }
    }

    private ArtifactWriter(SourceReader reader, ArtifactPlan plan, LayerSource layers, Watch watch) {
        this.reader = reader;
        this.source = reader.model();
        this.plan = plan;
        this.layers = layers;
        this.progress = watch.progress();
        this.cancellation = watch.cancellation();
    }

    /// Quantizes a transformer by the document's recipe and writes it.
    ///
    /// @return the digest of the source
    /// @throws IllegalArgumentException when the recipe does not fit the model, needs it to run, or a weight is not
    /// finite
    /// @throws CheckpointException when it cannot be written, or a part of something else is in the way; what is
    /// whole of the part is kept
    /// @throws java.util.concurrent.CancellationException when cancelled, within a second; what is whole is kept
    public static String write(Source source, Path target, Document document, Watch watch) {
        RowTasks tasks = RowTasks.parallel(watch.cancellation());
        LayerSource layers =
                new StreamedLayers(source.model(), document.recipe().plan(), source.statistics(), tasks);
        return write(source, layers, Target.of(target), document, watch);
    }

    /// Writes weights that were quantized before, with the branches beside them.
    ///
    /// @throws CheckpointException as the other
    /// @throws java.util.concurrent.CancellationException as the other
    public static void write(
            TransformerCheckpoint model, QuantizedWeights weights, Path target, Document document, Watch watch) {
        LayerSource layers = new PreparedLayers(weights, RowTasks.parallel(watch.cancellation()));
        Source source = new Source(model, model, document.source().digest());
        write(source, layers, Target.of(target), document, watch);
    }

    /// @param output what takes the bytes
    record Target(Path file, PartialFile.Output output) {
        static Target of(Path file) {
            return new Target(file, (channel, bytes, position) -> channel.write(bytes, position));
        }
    }

    static String write(Source source, LayerSource layers, Target target, Document document, Watch watch) {
        if (document.recipe().plan().input().fusedValues()) {
            throw new IllegalArgumentException(
                    "the recipe moves rotations into the weights of values, which a file does"
                            + " not keep; take fused_values off (fuseValues at the node) and rotate on line");
        }
        if (document.recipe().plan().smoothing() instanceof SmoothingPlan.OfInput) {
            throw new IllegalArgumentException(
                    "the recipe smooths by the very input, which rounds weights anew at every"
                            + " step, so that there are no codes to keep; smooth by statistics (from_statistics), or not at"
                            + " all");
        }
        ArtifactPlan plan = ArtifactPlan.of(source.model(), document, layers, target.file());
        if (plan.header().layers().isEmpty()) {
            throw new IllegalArgumentException(
                    source.model().source() + ": the recipe keeps every linear; nothing is quantized");
        }
        PartialFile.Wanted wanted = new PartialFile.Wanted(
                target.file(),
                plan.unfinished().headerBytes(),
                plan.unfinished().fileBytes(),
                source.identity());
        String known = document.source().digest();
        try (PartialFile file = PartialFile.open(wanted, target.output());
                SourceReader reader = new SourceReader(
                        source.model(), source.stored(), known.isEmpty() ? Optional.empty() : Optional.of(known))) {
            new ArtifactWriter(reader, plan, layers, watch).write(file);
            String digest = reader.digest(watch.cancellation());
            file.finish(plan.finished(digest).headerBytes());
            return digest;
        } catch (IllegalArgumentException e) {
            discard(target.file()); // the same weights would be refused again
            throw new CheckpointException(source.model().source(), String.valueOf(e.getMessage()), e);
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

    /// Where statistics are kept while an artifact is made from them.
    public static Path statistics(Path target) {
        return target.resolveSibling(target.getFileName() + ".part.statistics");
    }

    /// Forgets what was begun, statistics included.
    ///
    /// @return whether there was something
    /// @throws CheckpointException when it cannot be deleted
    public static boolean discard(Path target) {
        try {
            BlockCalibration.discard(statistics(target));
            boolean part = Files.deleteIfExists(PartialFile.part(target));
            return Files.deleteIfExists(PartialFile.journal(target)) || part;
        } catch (IOException e) {
            throw new CheckpointException(
                    PartialFile.part(target).toString(), "cannot be deleted: " + e.getMessage(), e);
        }
    }

    private void write(PartialFile file) throws IOException {
        List<ArtifactPlan.Unit> units = plan.units();
        try (Arena arena = Arena.ofShared();
                Conveyor conveyor = new Conveyor(file, totalBytes(units))) {
            long widest = widest(units);
            MemorySegment[] codes = {arena.allocate(widest, 64), arena.allocate(widest, 64)};
            fetch(units.getFirst(), file);
            for (int i = 0; i < units.size(); i++) {
                cancellation.throwIfCancelled();
                ArtifactPlan.Unit unit = units.get(i);
                Optional<ArtifactPlan.Unit> next =
                        i + 1 < units.size() ? Optional.of(units.get(i + 1)) : Optional.empty();
                reader.arrived();
                next.ifPresent(following -> fetch(following, file));
                if (file.has(unit.name(), extents(unit))) {
                    conveyor.skip(unit);
                } else {
                    List<Part> parts = parts(unit, codes[i % codes.length]);
                    conveyor.put(unit, parts);
                }
                reader.release(unit.name(), next.map(ArtifactPlan.Unit::name));
            }
            conveyor.settle();
        }
    }

    /// What an earlier run wrote is read for the digest alone.
    private void fetch(ArtifactPlan.Unit unit, PartialFile file) {
        boolean needed = layers.readsSource() || plan.layer(unit) == null;
        if (needed && (reader.digests() || !file.lists(unit.name()))) {
            reader.fetch(unit.name());
        }
    }

    private long totalBytes(List<ArtifactPlan.Unit> units) {
        return units.stream().mapToLong(unit -> source.storedBytes(unit.name())).sum();
    }

    private long widest(List<ArtifactPlan.Unit> units) {
        return units.stream()
                .filter(unit -> plan.layer(unit) != null)
                .mapToLong(unit -> plan.extent(unit.tensors().getFirst()).bytes())
                .max()
                .orElse(1);
    }

    private List<PartialFile.Extent> extents(ArtifactPlan.Unit unit) {
        return unit.tensors().stream().map(plan::extent).toList();
    }

    /// Brings one unit to the file while the next one is made.
    private final class Conveyor implements AutoCloseable {
        private final PartialFile file;
        private final long totalBytes;
        private final BackgroundThread thread = new BackgroundThread("artifact");
        private Optional<ArtifactPlan.Unit> moving = Optional.empty();
        private long doneBytes;

        Conveyor(PartialFile file, long totalBytes) {
            this.file = file;
            this.totalBytes = totalBytes;
        }

        void put(ArtifactPlan.Unit unit, List<Part> parts) {
            if (parts.size() != unit.tensors().size()) {
                throw new IllegalStateException(unit + " was planned, " + parts.size() + " tensors were made");
            }
            settle();
            moving = Optional.of(unit);
            thread.run(() -> {
                PartialFile.Unit to = file.begin(unit.name());
                parts.forEach(part -> to.put(part.tensor.data(), part.extent.beginBytes()));
                to.done();
            });
        }

        void skip(ArtifactPlan.Unit unit) {
            settle();
            done(unit, true);
        }

        /// Waits until all that was put is in the file.
        void settle() {
            Optional<ArtifactPlan.Unit> moved = moving;
            moving = Optional.empty();
            thread.await();
            moved.ifPresent(unit -> done(unit, false));
        }

        private void done(ArtifactPlan.Unit unit, boolean resumed) {
            long bytes = source.storedBytes(unit.name());
            doneBytes += bytes;
            progress.done(new ArtifactProgress.Step(unit.name(), bytes, doneBytes, totalBytes, resumed));
        }

        /// After a failure what was under way still gets to the file.
        @Override
        public void close() {
            try (thread) {
                settle();
            }
        }
    }

    /// A tensor of a unit and its place.
    private record Part(Tensor tensor, PartialFile.Extent extent) {}

    private List<Part> parts(ArtifactPlan.Unit unit, MemorySegment codes) {
        ArtifactLayer layer = plan.layer(unit);
        return layer == null ? List.of(kept(unit.name())) : parts(layer, codes);
    }

    private Part kept(String name) {
        Tensor tensor = source.tensor(name);
        NonFinite.firstIn(name, tensor).ifPresent(found -> {
            throw new IllegalArgumentException("has " + found.describe() + "; only finite weights can be quantized");
        });
        DType type = ArtifactPlan.keptType(source, name);
        return part(name, tensor.dtype() == type ? tensor : Conversions.fromF32(tensor, type));
    }

    private List<Part> parts(ArtifactLayer layer, MemorySegment codes) {
        LayerSource.Quantized quantized = layers.quantize(layer.name(), codes);
        PackedMatrix matrix = quantized.matrix();
        MatrixGrids grids = matrix.grids();
        List<Part> parts = new ArrayList<>();
        parts.add(part(layer.codes(), matrix.codes()));
        parts.add(part(layer.steps(), grids.steps()));
        parts.add(part(layer.zeroPoints(), grids.zeroPoints()));
        if (layer.multiplied()) {
            parts.add(part(layer.multipliers(), grids.multipliers()));
        }
        parts.add(part(layer.figures(), doubles(matrix.error().figures())));
        quantized
                .smoothing()
                .ifPresent(factors -> parts.add(part(layer.smoothing(), Tensor.of(Shape.of(factors.length), factors))));
        quantized.rowSums().ifPresent(sums -> parts.add(part(layer.rowSums(), Tensor.of(Shape.of(sums.length), sums))));
        List<LowRankBranch> branches = quantized.branches();
        for (int i = 0; i < branches.size(); i++) {
            parts.add(part(layer.down(i), branches.get(i).down()));
            parts.add(part(layer.up(i), branches.get(i).up()));
            parts.add(
                    part(layer.factor(i), Tensor.of(Shape.of(1), branches.get(i).factor())));
            if (!branches.get(i).frames().isEmpty()) {
                parts.add(part(layer.frames(i), branches.get(i).frames().tensor()));
            }
        }
        return parts;
    }

    private static Tensor doubles(double[] values) {
        Tensor tensor = Tensor.zeros(DType.F64, Shape.of(values.length));
        MemorySegment.copy(values, 0, tensor.data(), Artifact.DOUBLE, 0, values.length);
        return tensor;
    }

    private Part part(String name, Tensor tensor) {
        PartialFile.Extent extent = plan.extent(name);
        if (tensor.data().byteSize() != extent.bytes()) {
            throw new IllegalStateException(
                    "tensor " + name + " has " + tensor.data().byteSize() + " bytes, planned were " + extent.bytes());
        }
        return new Part(tensor, extent);
    }
}
