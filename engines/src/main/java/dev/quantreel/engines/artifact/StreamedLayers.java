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
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Layers that are quantized when they are asked for and then forgotten, so that memory does not grow with the model.
final class StreamedLayers implements LayerSource {

    private final TransformerCheckpoint checkpoint;
    private final LayerQuantizer linears;
    private final LayerQuantizer modulations;

    /// @throws IllegalArgumentException when the plan needs more than the weights
    StreamedLayers(TransformerCheckpoint checkpoint, QuantizationPlan plan, RowTasks tasks) {
        requireDataFree(plan);
        this.checkpoint = checkpoint;
        this.linears = quantizer(plan, checkpoint.blockLinears(), tasks);
        this.modulations = quantizer(
                plan.ofModulations(checkpoint.architecture()::modulationBits),
                checkpoint.architecture().modulationLinears(),
                tasks);
    }

    private LayerQuantizer quantizer(QuantizationPlan own, List<String> layers, RowTasks tasks) {
        return new LayerQuantizer(
                new QuantizedWeights.Source(checkpoint, layers, ActivationStatistics.NONE), own, tasks);
    }

    private static void requireDataFree(QuantizationPlan plan) {
        if (plan.smoothing().needsStatistics() || plan.weights().needsStatistics()) {
            throw new IllegalArgumentException("the recipe needs statistics of activations, for which the model has to"
                    + " run: wire it up in the canvas and save it with Save Quantized; here a recipe takes the weights"
                    + " alone (smoothing \"none\", no gptq)");
        }
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
        return false;
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
        LayerQuantizer.Packed packed = quantizer(layer).pack(layer, codes);
        return new Quantized(packed.matrix(), packed.branch().stream().toList(), packed.smoothing());
    }
}
