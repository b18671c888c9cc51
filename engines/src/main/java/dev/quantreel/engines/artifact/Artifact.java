package dev.quantreel.engines.artifact;

import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.PackedMatrix;
import dev.quantreel.engines.quant.QuantizationError;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/// A quantized checkpoint, opened. Views of a mapped file: usable as long as that is open. Safe for many threads.
public final class Artifact {

    static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint stored;
    private final ArtifactHeader header;

    private Artifact(Checkpoint stored, ArtifactHeader header) {
        this.stored = stored;
        this.header = header;
    }

    /// Reads the header of a file; weights are not read.
    ///
    /// @param stored as it lies in the file, see [dev.quantreel.engines.checkpoint.CheckpointFile#stored]
    /// @return empty when it is no artifact
    /// @throws CheckpointException when it is unfinished, damaged, or of a later version
    public static Optional<Artifact> of(Checkpoint stored) {
        if (!ArtifactHeader.isOn(stored)) {
            return Optional.empty();
        }
        Artifact artifact = new Artifact(stored, ArtifactHeader.of(stored));
        artifact.requireTensors();
        return Optional.of(artifact);
    }

    private void requireTensors() {
        for (ArtifactLayer layer : header.layers().values()) {
            for (String name : layer.tensors()) {
                if (!stored.contains(name)) {
                    throw CheckpointException.ofTensor(
                            stored.source(), name, "is missing; the header describes " + layer.name());
                }
            }
            long rowBytes = PackedMatrix.rowBytes(layer.columns(), layer.bits());
            if (stored.shape(layer.codes()).rank() != 2
                    || stored.shape(layer.codes()).dim(1) != rowBytes
                    || stored.shape(layer.steps()).rank() == 0
                    || stored.shape(layer.steps()).dim(0)
                            != stored.shape(layer.codes()).dim(0)
                    || stored.shape(layer.figures()).elements() != QuantizationError.FIGURES) {
                throw CheckpointException.ofTensor(
                        stored.source(),
                        layer.codes(),
                        "is " + stored.shape(layer.codes()) + " with steps " + stored.shape(layer.steps())
                                + " and figures " + stored.shape(layer.figures()) + "; " + layer.columns()
                                + " columns of " + layer.bits() + " bits need rows of " + rowBytes + " bytes, a step"
                                + " for each, and " + QuantizationError.FIGURES + " figures");
            }
        }
    }

    public ArtifactHeader header() {
        return header;
    }

    /// How to draw on the source.
    Checkpoint stored() {
        return stored;
    }

    /// Rows of a layer.
    int rows(ArtifactLayer layer) {
        return Math.toIntExact(stored.shape(layer.codes()).dim(0));
    }

    /// Bytes of a layer's tensors.
    long bytes(ArtifactLayer layer) {
        return layer.tensors().stream().mapToLong(stored::storedBytes).sum();
    }

    /// What quantization did to a layer.
    public QuantizationError figures(ArtifactLayer layer) {
        return QuantizationError.ofFigures(stored.tensor(layer.figures()).data().toArray(DOUBLE));
    }

    /// A layer's codes, laid out anew for engines at every call.
    public QuantizedMatrix matrix(ArtifactLayer layer, RowTasks tasks) {
        Tensor codes = stored.tensor(layer.codes());
        try {
            MatrixGrids grids = new MatrixGrids(
                    layer.values(),
                    stored.tensor(layer.steps()),
                    stored.tensor(layer.zeroPoints()),
                    layer.multiplied() ? stored.tensor(layer.multipliers()) : Tensor.zeros(DType.U8, Shape.of(0)));
            return QuantizedMatrix.of(
                    new PackedMatrix(layer.weight(), layer.columns(), layer.bits(), codes, grids, figures(layer)),
                    tasks);
        } catch (IllegalArgumentException e) {
            throw CheckpointException.ofTensor(stored.source(), layer.codes(), String.valueOf(e.getMessage()));
        } finally {
            codes.evict();
        }
    }

    /// The weights ready to be emitted; nothing is quantized.
    ///
    /// @param checkpoint this file under canonical names
    /// @param plan the recipe's, or one that differs in how activations are quantized
    /// @throws IllegalArgumentException when the plan asks for other weights than the file has
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public QuantizedWeights weights(Checkpoint checkpoint, QuantizationPlan plan, CancellationToken cancellation) {
        requireSameWeights(plan);
        RowTasks tasks = RowTasks.parallel(cancellation);
        SequencedMap<String, QuantizedMatrix> matrices = new LinkedHashMap<>();
        SequencedMap<String, QuantizedMatrix> modulations = new LinkedHashMap<>();
        for (ArtifactLayer layer : header.layers().values()) {
            cancellation.throwIfCancelled();
            (layer.modulation() ? modulations : matrices).put(layer.name(), matrix(layer, tasks));
        }
        return QuantizedWeights.of(
                checkpoint,
                plan,
                new QuantizedWeights.Stored(matrices, modulations, branches(), smoothing(), rowSums()));
    }

    private void requireSameWeights(QuantizationPlan plan) {
        QuantizationPlan own = header.recipe().plan();
        QuantizationPlan wanted = plan.withActivations(plan.rotation(), own.activations());
        if (!wanted.equals(own)) {
            throw new IllegalArgumentException(stored.source() + " holds weights quantized as "
                    + header.recipe().describe() + ", which cannot become " + plan.weight() + " with "
                    + plan.rotation() + "; only its activations can be chosen anew. Quantize "
                    + header.source().name() + " for other weights");
        }
    }

    /// What channels of inputs are divided by; layers with equal factors share them.
    private Map<String, float[]> smoothing() {
        Map<String, float[]> byLayer = new HashMap<>();
        Map<Integer, float[]> known = new HashMap<>();
        for (ArtifactLayer layer : header.layers().values()) {
            smoothing(layer).ifPresent(factors -> {
                float[] first = known.computeIfAbsent(Arrays.hashCode(factors), missing -> factors);
                byLayer.put(layer.name(), Arrays.equals(first, factors) ? first : factors);
            });
        }
        return byLayer;
    }

    /// Sums of the rows of the weights that this was made from, where they were kept.
    private Map<String, float[]> rowSums() {
        Map<String, float[]> byLayer = new HashMap<>();
        header.layers().values().stream()
                .filter(ArtifactLayer::summed)
                .forEach(layer ->
                        byLayer.put(layer.name(), stored.tensor(layer.rowSums()).toFloatArray()));
        return byLayer;
    }

    /// What channels of a layer's input are divided by.
    Optional<float[]> smoothing(ArtifactLayer layer) {
        return layer.smoothed() ? Optional.of(stored.tensor(layer.smoothing()).toFloatArray()) : Optional.empty();
    }

    /// The branches beside the layers.
    public LowRankBranches branches() {
        Map<String, List<LowRankBranch>> branches = new HashMap<>();
        for (ArtifactLayer layer : header.layers().values()) {
            List<LowRankBranch> beside = new ArrayList<>();
            for (int i = 0; i < layer.branches().size(); i++) {
                beside.add(new LowRankBranch(
                        stored.tensor(layer.down(i)),
                        stored.tensor(layer.up(i)),
                        stored.tensor(layer.factor(i)).data().get(Tensor.FLOAT, 0),
                        layer.branches().get(i).basis(),
                        frames(layer, i)));
            }
            branches.put(layer.name(), beside);
        }
        return LowRankBranches.of(branches);
    }

    private FrameFactors frames(ArtifactLayer layer, int branch) {
        return layer.branches().get(branch).frames() == 0
                ? FrameFactors.NONE
                : FrameFactors.of(stored.tensor(layer.frames(branch)));
    }

    /// The layer of a canonical weight name.
    Optional<ArtifactLayer> layerOf(String name) {
        return name.endsWith(ArtifactLayer.WEIGHT)
                ? Optional.ofNullable(
                        header.layers().get(name.substring(0, name.length() - ArtifactLayer.WEIGHT.length())))
                : Optional.empty();
    }

    /// Whether a checkpoint is the one that this was made from.
    public boolean isFrom(String digest) {
        return Objects.equals(digest, header.source().digest());
    }
}
