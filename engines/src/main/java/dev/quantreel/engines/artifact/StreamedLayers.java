package dev.quantreel.engines.artifact;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.LayerQuantizer;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Layers that are quantized when they are asked for and then forgotten, so that memory does not grow with the model.
final class StreamedLayers implements LayerSource {

    private final TransformerCheckpoint checkpoint;
    private final boolean smoothed;
    private final boolean summed;
    private final RowTasks tasks;
    private final boolean byInput;
    private final LayerQuantizer linears;
    private final LayerQuantizer modulations;

    /// @param statistics where the plan needs some
    /// @throws IllegalArgumentException when it needs some and there are none
    StreamedLayers(
            TransformerCheckpoint checkpoint, QuantizationPlan plan, ActivationStatistics statistics, RowTasks tasks) {
        requireStatistics(plan, statistics);
        this.checkpoint = checkpoint;
        this.smoothed = plan.smoothing().needsStatistics();
        this.summed = plan.splitsMean();
        this.tasks = tasks;
        this.byInput = !statistics.equals(ActivationStatistics.NONE);
        this.linears = new LayerQuantizer(
                new QuantizedWeights.Source(checkpoint, checkpoint.blockLinears(), statistics), plan, tasks);
        this.modulations = new LayerQuantizer(
                new QuantizedWeights.Source(
                        checkpoint, checkpoint.architecture().modulationLinears(), ActivationStatistics.NONE),
                plan.ofModulations(checkpoint.architecture()::modulationBits),
                tasks);
    }

    private static void requireStatistics(QuantizationPlan plan, ActivationStatistics statistics) {
        boolean needed = plan.smoothing().needsStatistics() || plan.weights().needsStatistics();
        if (needed && statistics.equals(ActivationStatistics.NONE)) {
            throw new IllegalArgumentException("the recipe needs statistics of activations, for which the model has to"
                    + " run: name the text encoder that belongs to it (--text-encoder FILE, or none), or wire it up in the"
                    + " canvas and save it with Save Quantized, or take a recipe of the weights alone (smoothing"
                    + " \"none\", no gptq)");
        }
    }

    /// With statistics layers of one input follow each other, as their statistics are made once then.
    @Override
    public List<String> inOrder(List<String> names) {
        if (!byInput) {
            return names;
        }
        List<String> ordered = new ArrayList<>(names);
        List<String> weights = linears.byInput().stream()
                .map(layer -> layer + ArtifactLayer.WEIGHT)
                .toList();
        ordered.removeAll(Set.copyOf(weights));
        ordered.addAll(weights);
        return ordered;
    }

    @Override
    public List<String> linears() {
        return List.copyOf(linears.bits().keySet());
    }

    @Override
    public List<String> modulations() {
        return List.copyOf(modulations.bits().keySet());
    }

    private LayerQuantizer quantizer(String layer) {
        return linears.bits().containsKey(layer) ? linears : modulations;
    }

    @Override
    public int bits(String layer) {
        return quantizer(layer).weights(layer).bits();
    }

    @Override
    public Grids grids(String layer) {
        String name = layer + ArtifactLayer.WEIGHT;
        long rows = checkpoint.shape(name).dim(0);
        int columns = Math.toIntExact(checkpoint.shape(name).dim(1));
        WeightPlan weight = quantizer(layer).weights(layer);
        int groups = columns / weight.granularity().groupSize(name, columns);
        boolean multiples = groups > 1 && weight.granularity() instanceof Granularity.GroupMultiples;
        Shape byGroup = groups == 1 ? Shape.of(rows) : Shape.of(rows, groups);
        return new Grids(
                MatrixGrids.values(weight, columns / groups),
                groups == 1 || multiples
                        ? new SafetensorsPlan.Type(DType.F32, Shape.of(rows))
                        : new SafetensorsPlan.Type(DType.BF16, byGroup),
                new SafetensorsPlan.Type(DType.U8, byGroup),
                new SafetensorsPlan.Type(DType.U8, multiples ? byGroup : Shape.of(0)));
    }

    @Override
    public boolean smoothed(String layer) {
        return smoothed && linears.bits().containsKey(layer);
    }

    @Override
    public boolean summed(String layer) {
        return summed && linears.bits().containsKey(layer);
    }

    @Override
    public List<Branch> branches(String layer) {
        return switch (quantizer(layer).weights(layer).branch()) {
            case BranchPlan.None() -> List.of();
            case BranchPlan.LowRank(int rank, int _) -> {
                Shape shape = checkpoint.shape(layer + ArtifactLayer.WEIGHT);
                int possible = Math.toIntExact(Math.min(shape.dim(0), shape.dim(1)));
                yield List.of(new Branch(
                        Math.min(rank, possible),
                        DType.F16,
                        new ArtifactLayer.Branch(LowRankBranch.Basis.QUANTIZED, 0)));
            }
        };
    }

    @Override
    public boolean readsSource() {
        return true;
    }

    @Override
    public Quantized quantize(String layer, MemorySegment codes) {
        Optional<float[]> sums = summed(layer) ? Optional.of(rowSums(layer)) : Optional.empty();
        LayerQuantizer.Packed packed = quantizer(layer).pack(layer, codes);
        return new Quantized(packed.matrix(), packed.branch().stream().toList(), packed.smoothing(), sums);
    }

    private float[] rowSums(String layer) {
        String name = layer + ArtifactLayer.WEIGHT;
        return WeightMatrix.of(name, checkpoint.tensor(name)).rowSums(tasks);
    }
}
