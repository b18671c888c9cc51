package dev.quantreel.engines.artifact;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Layers that are quantized when they are asked for and then forgotten, so that memory does not grow with the model.
final class StreamedLayers implements LayerSource {

    private final TransformerCheckpoint checkpoint;
    private final QuantizationPlan plan;
    private final QuantizationPlan modulationPlan;
    private final List<String> linears;
    private final List<String> modulations;
    private final Set<String> modulationNames;
    private final Map<String, Integer> bits;
    private final CancellationToken cancellation;

    /// @throws IllegalArgumentException when the plan needs more than the weights
    StreamedLayers(TransformerCheckpoint checkpoint, QuantizationPlan plan, CancellationToken cancellation) {
        requireDataFree(plan);
        this.checkpoint = checkpoint;
        this.plan = plan.withLayers(LayerRule.ALL);
        this.modulationPlan = plan.weightOnly().withLayers(LayerRule.ALL);
        SequencedMap<String, Integer> own = plan.layers().bits(checkpoint.blockLinears(), plan.weightBits());
        SequencedMap<String, Integer> ofModulations =
                plan.layers().bits(checkpoint.architecture().modulationLinears(), plan.weightBits());
        this.linears = List.copyOf(own.keySet());
        this.modulations = List.copyOf(ofModulations.keySet());
        this.bits = new HashMap<>(own);
        this.bits.putAll(ofModulations);
        this.modulationNames = new HashSet<>(modulations);
        this.cancellation = cancellation;
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
        return linears;
    }

    @Override
    public List<String> modulations() {
        return modulations;
    }

    @Override
    public int bits(String layer) {
        return Objects.requireNonNull(bits.get(layer), layer);
    }

    /// The plan of one layer.
    private QuantizationPlan own(String layer) {
        QuantizationPlan all = modulationNames.contains(layer) ? modulationPlan : plan;
        return all.withWeights(all.weight().withBits(bits(layer)));
    }

    @Override
    public Grids grids(String layer) {
        String name = layer + ArtifactLayer.WEIGHT;
        long rows = checkpoint.shape(name).dim(0);
        int columns = Math.toIntExact(checkpoint.shape(name).dim(1));
        WeightPlan weight = own(layer).weight();
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
        return switch (own(layer).branch()) {
            case BranchPlan.None() -> List.of();
            case BranchPlan.LowRank(int rank, int _) -> {
                Shape shape = checkpoint.shape(layer + ArtifactLayer.WEIGHT);
                int possible = Math.toIntExact(Math.min(shape.dim(0), shape.dim(1)));
                yield List.of(new Branch(Math.min(rank, possible), DType.F16, LowRankBranch.Basis.QUANTIZED));
            }
        };
    }

    @Override
    public Quantized quantize(String layer) {
        QuantizedWeights weights =
                QuantizedWeights.of(checkpoint, own(layer), List.of(layer), QuantizationProgress.NONE, cancellation);
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        return new Quantized(matrix, weights.branches().of(layer), Optional.empty());
    }
}
