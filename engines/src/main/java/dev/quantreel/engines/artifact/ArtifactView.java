package dev.quantreel.engines.artifact;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/// An artifact as the plain floats that its codes stand for: rotations undone, branches added, those that count
/// differently from frame to frame by their mean. What it costs in memory
/// is what the original would; for running, [Artifact#weights] takes the codes as they are.
final class ArtifactView implements CheckpointView {

    private final Checkpoint stored;
    private final Artifact artifact;
    private final SequencedSet<String> names;
    private final Map<String, String> metadata;

    ArtifactView(Checkpoint stored, Artifact artifact) {
        this.stored = stored;
        this.artifact = artifact;
        SequencedSet<String> visible = new LinkedHashSet<>();
        for (ArtifactLayer layer : artifact.header().layers().values()) {
            visible.add(layer.weight());
        }
        visible.addAll(stored.names());
        for (ArtifactLayer layer : artifact.header().layers().values()) {
            layer.tensors().forEach(visible::remove);
        }
        this.names = Collections.unmodifiableSequencedSet(visible);
        this.metadata = ArtifactHeader.ofModel(stored.metadata());
    }

    @Override
    public SequencedSet<String> names() {
        return names;
    }

    private Optional<ArtifactLayer> layer(String name) {
        if (!names.contains(name)) {
            throw MissingTensor.of(this, name);
        }
        return artifact.layerOf(name);
    }

    @Override
    public Tensor tensor(String name) {
        return layer(name).map(this::decode).orElseGet(() -> stored.tensor(name));
    }

    private Tensor decode(ArtifactLayer layer) {
        QuantizedMatrix matrix = artifact.matrix(layer, RowTasks.parallel(CancellationToken.NONE));
        Optional<Rotation> rotation = layer.modulation()
                ? Optional.empty()
                : artifact.header().recipe().plan().rotation().at(layer.columns());
        float[] factors = artifact.smoothing(layer).orElse(new float[0]);
        List<Product> branches =
                artifact.branches().of(layer.name()).stream().map(Product::of).toList();
        Tensor decoded = Tensor.zeros(DType.F32, Shape.of(matrix.rows(), layer.columns()));
        float[] row = new float[layer.columns()];
        for (int r = 0; r < matrix.rows(); r++) {
            matrix.dequantizeRow(r, row);
            for (Product branch : branches) {
                branch.add(LowRankBranch.Basis.QUANTIZED, r, row);
            }
            rotation.ifPresent(used -> used.applyInverse(row));
            for (int column = 0; column < factors.length; column++) {
                row[column] /= factors[column];
            }
            for (Product branch : branches) {
                branch.add(LowRankBranch.Basis.ORIGINAL, r, row);
            }
            MemorySegment.copy(row, 0, decoded.data(), Tensor.FLOAT, 4L * r * row.length, row.length);
        }
        return decoded;
    }

    /// A branch as floats.
    private record Product(LowRankBranch branch, float[] up, float[] down) {

        static Product of(LowRankBranch branch) {
            return new Product(branch, Conversions.toFloatArray(branch.up()), Conversions.toFloatArray(branch.down()));
        }

        /// Adds a row of the product, if the branch has this basis.
        void add(LowRankBranch.Basis basis, int row, float[] into) {
            for (int k = 0; basis == branch.basis() && k < branch.rank(); k++) {
                float factor = branch.factor() * branch.frames().mean() * up[row * branch.rank() + k];
                for (int column = 0; column < into.length; column++) {
                    into[column] += factor * down[k * into.length + column];
                }
            }
        }
    }

    @Override
    public Shape shape(String name) {
        return layer(name)
                .map(layer -> Shape.of(artifact.rows(layer), layer.columns()))
                .orElseGet(() -> stored.shape(name));
    }

    @Override
    public DType dtype(String name) {
        return layer(name).map(layer -> DType.F32).orElseGet(() -> stored.dtype(name));
    }

    @Override
    public long storedBytes(String name) {
        return layer(name).map(artifact::bytes).orElseGet(() -> stored.storedBytes(name));
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public Checkpoint beneath() {
        return stored;
    }
}
