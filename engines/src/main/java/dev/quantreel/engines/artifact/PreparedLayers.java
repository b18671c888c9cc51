package dev.quantreel.engines.artifact;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Layers that were quantized before, with what runs beside them.
final class PreparedLayers implements LayerSource {

    private final QuantizedWeights weights;
    private final LowRankBranches branches;
    private final RowTasks tasks;

    PreparedLayers(QuantizedWeights weights, RowTasks tasks) {
        this.weights = weights;
        this.tasks = tasks;
        this.branches = weights.branches();
    }

    @Override
    public List<String> linears() {
        return List.copyOf(weights.matrices().sequencedKeySet());
    }

    @Override
    public List<String> modulations() {
        return List.copyOf(weights.modulations().sequencedKeySet());
    }

    private QuantizedMatrix matrix(String layer) {
        QuantizedMatrix modulation = weights.modulations().get(layer);
        return modulation != null
                ? modulation
                : Objects.requireNonNull(weights.matrices().get(layer));
    }

    @Override
    public int bits(String layer) {
        return matrix(layer).bits();
    }

    @Override
    public Grids grids(String layer) {
        MatrixGrids grids = matrix(layer).grids();
        return new Grids(grids.values(), type(grids.steps()), type(grids.zeroPoints()), type(grids.multipliers()));
    }

    private static SafetensorsPlan.Type type(Tensor tensor) {
        return new SafetensorsPlan.Type(tensor.dtype(), tensor.shape());
    }

    @Override
    public boolean smoothed(String layer) {
        return weights.smoothing(layer).isPresent();
    }

    @Override
    public boolean summed(String layer) {
        return weights.matrix(layer).isPresent() && weights.splitsMean(layer);
    }

    @Override
    public List<Branch> branches(String layer) {
        return branches.of(layer).stream().map(PreparedLayers::describe).toList();
    }

    private static Branch describe(LowRankBranch branch) {
        if (branch.down().dtype() != branch.up().dtype()) {
            throw new IllegalArgumentException("a low-rank branch has "
                    + branch.down().dtype() + " and " + branch.up().dtype() + " matrices; one type can be saved");
        }
        int frames = branch.frames().factors().size();
        return new Branch(branch.rank(), branch.down().dtype(), new ArtifactLayer.Branch(branch.basis(), frames));
    }

    @Override
    public boolean readsSource() {
        return false;
    }

    @Override
    public Quantized quantize(String layer, MemorySegment codes) {
        return new Quantized(
                matrix(layer).packed(codes, tasks),
                branches.of(layer),
                weights.smoothing(layer),
                summed(layer) ? Optional.of(weights.rowSums(layer, tasks)) : Optional.empty());
    }
}
