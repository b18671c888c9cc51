package dev.quantreel.engines.quant;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.rotation.FusedValues;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// A plan carried out on a checkpoint: the quantized matrices by layer, beside the checkpoint that holds the
/// rest. Immutable; safe to share between graphs, bit widths and sessions.
public final class QuantizedWeights {

    private final Checkpoint checkpoint;
    private final QuantizationPlan plan;
    private final SequencedMap<String, QuantizedMatrix> matrices;
    private final LowRankBranches branches;
    private final Map<String, float[]> smoothing;
    private final Map<String, float[]> rowSums;
    private final SequencedMap<String, QuantizedMatrix> modulations;

    private QuantizedWeights(Checkpoint checkpoint, QuantizationPlan plan, Stored parts) {
        this.checkpoint = checkpoint;
        this.plan = plan;
        this.matrices = Collections.unmodifiableSequencedMap(parts.matrices());
        this.modulations = Collections.unmodifiableSequencedMap(parts.modulations());
        this.branches = parts.branches();
        this.smoothing = Map.copyOf(parts.smoothing());
        this.rowSums = Map.copyOf(parts.rowSums());
    }

    /// Weights that were quantized before.
    ///
    /// @param plan that they were quantized by
    /// @param stored what lies in a file
    public static QuantizedWeights of(Checkpoint checkpoint, QuantizationPlan plan, Stored stored) {
        return new QuantizedWeights(
                checkpoint,
                plan,
                new Stored(
                        new LinkedHashMap<>(stored.matrices()),
                        new LinkedHashMap<>(stored.modulations()),
                        stored.branches(),
                        stored.smoothing(),
                        stored.rowSums()));
    }

    /// The parts of weights that were quantized before.
    ///
    /// @param matrices as [#matrices]
    /// @param modulations as [#modulations]
    /// @param branches as [#branches]
    /// @param smoothing as [#smoothing], by layer
    /// @param rowSums as [#rowSums], by layer, where they cannot be read off the checkpoint
    public record Stored(
            SequencedMap<String, QuantizedMatrix> matrices,
            SequencedMap<String, QuantizedMatrix> modulations,
            LowRankBranches branches,
            Map<String, float[]> smoothing,
            Map<String, float[]> rowSums) {

        /// Beside the checkpoint that they were quantized from.
        public Stored(
                SequencedMap<String, QuantizedMatrix> matrices,
                SequencedMap<String, QuantizedMatrix> modulations,
                LowRankBranches branches,
                Map<String, float[]> smoothing) {
            this(matrices, modulations, branches, smoothing, Map.of());
        }
    }

    /// These weights and the linears that make modulation vectors, as [#modulations]; what the plan's rule
    /// keeps stays.
    ///
    /// @param layers linears that see one row a step
    /// @param bits of them where no rule names them, see [QuantizationPlan#ofModulations]
    /// @throws IllegalArgumentException as [#of]
    public QuantizedWeights withModulations(
            List<String> layers, IntUnaryOperator bits, QuantizationProgress progress, CancellationToken cancellation) {
        return withModulations(layers, bits, UnaryOperator.identity(), progress, cancellation);
    }

    /// The same with a place for the matrices: they are used before the steps alone.
    ///
    /// @param place receives each matrix as it is made and returns the one to keep, such as one in a file
    public QuantizedWeights withModulations(
            List<String> layers,
            IntUnaryOperator bits,
            UnaryOperator<QuantizedMatrix> place,
            QuantizationProgress progress,
            CancellationToken cancellation) {
        Source source = new Source(checkpoint, layers, ActivationStatistics.NONE);
        QuantizedWeights quantized =
                of(source, plan.ofModulations(bits), place, progress, RowTasks.parallel(cancellation));
        return new QuantizedWeights(
                checkpoint, plan, new Stored(matrices, quantized.matrices, branches, smoothing, rowSums));
    }

    /// These weights with the matrices of modulations in another place.
    ///
    /// @param place as in [#withModulations]
    public QuantizedWeights withModulationsIn(UnaryOperator<QuantizedMatrix> place) {
        SequencedMap<String, QuantizedMatrix> moved = new LinkedHashMap<>();
        modulations.forEach((layer, matrix) -> moved.put(layer, place.apply(matrix)));
        return new QuantizedWeights(checkpoint, plan, new Stored(matrices, moved, branches, smoothing, rowSums));
    }

    /// Quantizes the layers that the plan selects, on all processors.
    ///
    /// @param layers the model's block linears: weight keys without `.weight`
    /// @throws IllegalArgumentException when a weight is missing, is no floating-point matrix, or is not finite
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public static QuantizedWeights of(
            Checkpoint checkpoint,
            QuantizationPlan plan,
            List<String> layers,
            QuantizationProgress progress,
            CancellationToken cancellation) {
        return of(new Source(checkpoint, layers, ActivationStatistics.NONE), plan, progress, cancellation);
    }

    /// What is quantized, and what is known of it.
    ///
    /// @param layers the model's block linears: weight keys without `.weight`
    /// @param statistics of their inputs; [ActivationStatistics#NONE] for plans that need none
    public record Source(Checkpoint checkpoint, List<String> layers, ActivationStatistics statistics) {
        public Source {
            layers = List.copyOf(layers);
        }
    }

    /// Quantizes the layers that the plan selects, on all processors.
    ///
    /// @throws IllegalArgumentException when a weight is missing, is no floating-point matrix, or is not
    /// finite, or the plan needs statistics that are not there
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public static QuantizedWeights of(
            Source source, QuantizationPlan plan, QuantizationProgress progress, CancellationToken cancellation) {
        return of(source, plan, progress, RowTasks.parallel(cancellation));
    }

    static QuantizedWeights of(Source source, QuantizationPlan plan, QuantizationProgress progress, RowTasks tasks) {
        return of(source, plan, UnaryOperator.identity(), progress, tasks);
    }

    private static QuantizedWeights of(
            Source source,
            QuantizationPlan plan,
            UnaryOperator<QuantizedMatrix> place,
            QuantizationProgress progress,
            RowTasks tasks) {
        LayerQuantizer quantizer = new LayerQuantizer(source, plan, tasks);
        List<String> selected = List.copyOf(quantizer.bits().keySet());
        Map<String, LayerQuantizer.Outcome> outcomes = new HashMap<>();
        Map<String, float[]> smoothing = new HashMap<>();
        for (String layer : quantizer.byInput()) {
            LayerQuantizer.Outcome outcome = quantizer.quantize(layer);
            outcome.smoothing().ifPresent(found -> smoothing.put(layer, found));
            outcomes.put(layer, outcome.at(place));
            progress.layerDone(layer, outcomes.size(), selected.size());
        }
        SequencedMap<String, QuantizedMatrix> matrices = new LinkedHashMap<>();
        SequencedMap<String, List<LowRankBranch>> branches = new LinkedHashMap<>();
        for (String layer : selected) {
            LayerQuantizer.Outcome outcome = Objects.requireNonNull(outcomes.get(layer), layer);
            matrices.put(layer, outcome.matrix());
            branches.put(layer, outcome.branch().stream().toList());
        }
        return new QuantizedWeights(
                source.checkpoint(),
                plan,
                new Stored(matrices, new LinkedHashMap<>(), LowRankBranches.of(branches), smoothing));
    }

    /// The full-precision weight of a layer as the plan quantizes it: smoothed and rotated where the plan does
    /// so.
    WeightMatrix original(String layer) {
        return LayerQuantizer.weight(plan, layer, checkpoint.tensor(layer + ".weight"), smoothing(layer));
    }

    /// What the codes of a layer were rounded from: its full-precision weight, smoothed and rotated, less its
    /// branches; empty where the checkpoint holds the codes alone.
    public Optional<WeightMatrix> unrounded(String layer) {
        boolean stored = matrices.containsKey(layer) && checkpoint.contains(layer + ".weight");
        return stored && isFloat(checkpoint.tensor(layer + ".weight").dtype())
                ? Optional.of(withoutBranch(layer, original(layer)))
                : Optional.empty();
    }

    private static boolean isFloat(DType dtype) {
        return switch (dtype) {
            case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 -> true;
            default -> false;
        };
    }

    /// What of a layer's weight is left to the codes.
    WeightMatrix withoutBranch(String layer, WeightMatrix original) {
        WeightMatrix rest = original;
        for (LowRankBranch branch : branches.of(layer)) {
            rest = new WithoutBranch(rest, branch);
        }
        return rest;
    }

    /// The same codes beside other tensors: biases and norms that a LoRA changed, while the quantized weights
    /// did not.
    ///
    /// @param other has the names and shapes of [#checkpoint]
    public QuantizedWeights beside(Checkpoint other) {
        return new QuantizedWeights(other, plan, new Stored(matrices, modulations, branches, smoothing, rowSums));
    }

    /// The same codes with more branches beside them, such as estimates of their error.
    ///
    /// @throws IllegalArgumentException when one is beside a layer that is not quantized
    public QuantizedWeights with(LowRankBranches more) {
        for (String layer : more.byLayer().keySet()) {
            if (!matrices.containsKey(layer)) {
                throw new IllegalArgumentException("a low-rank branch is beside " + layer + ", which is not quantized");
            }
        }
        return new QuantizedWeights(
                checkpoint, plan, new Stored(matrices, modulations, branches.plus(more), smoothing, rowSums));
    }

    /// What was quantized; also holds every tensor that was not.
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    public QuantizationPlan plan() {
        return plan;
    }

    /// Quantized matrices in the order of the model's layers, by layer name; each carries its error figures.
    public SequencedMap<String, QuantizedMatrix> matrices() {
        return matrices;
    }

    /// The quantized matrix of a layer; empty when the plan keeps the layer.
    public Optional<QuantizedMatrix> matrix(String layer) {
        return Optional.ofNullable(matrices.get(layer));
    }

    /// What was taken out of weights before they were quantized, to run beside them; none where the plan wants
    /// none.
    public LowRankBranches branches() {
        return branches;
    }

    /// What the channels of a layer's input are divided by, the same for all layers that read it.
    public Optional<float[]> smoothing(String layer) {
        return Optional.ofNullable(smoothing.get(layer)).map(float[]::clone);
    }

    /// Sums of the rows of a layer's weight before anything was done to it: what the mean of a token is
    /// multiplied with.
    public float[] rowSums(String layer, RowTasks tasks) {
        float[] known = rowSums.get(layer);
        String name = layer + ".weight";
        return known != null
                ? known.clone()
                : WeightMatrix.of(name, checkpoint.tensor(name)).rowSums(tasks);
    }

    /// Quantized linears that make modulation vectors of one row a step: their weights alone are quantized,
    /// neither smoothed nor rotated, and their inputs stay in floating point.
    public SequencedMap<String, QuantizedMatrix> modulations() {
        return modulations;
    }

    /// Whether the mean of each token of a layer's input goes past the quantization: not where the input arrives
    /// rotated, in a basis that has no means.
    public boolean splitsMean(String layer) {
        return plan.splitsMean() && !(checkpoint instanceof FusedValues fused && fused.arrivesRotated(layer));
    }

    /// Largest magnitude of every column over the full-precision weights of layers that read one input, for
    /// [SmoothingPlan.OfInput].
    public float[] largestOfColumns(List<String> layers) {
        return InputSmoothing.largestOfColumns(checkpoint, layers);
    }

    /// The rotation of a layer's input.
    public Optional<Rotation> rotation(QuantizedMatrix matrix) {
        return plan.rotation().at(matrix.columns());
    }

    /// Bytes before and after, including steps, zero points, branches, smoothing and the tensors that are kept.
    /// Weights that are rounded anew at every step ([SmoothingPlan.OfInput]) stay as they are.
    public WeightMemory memory() {
        boolean roundsAnew = plan.smoothing() instanceof SmoothingPlan.OfInput;
        long original = 0;
        long kept = 0;
        for (String name : checkpoint.names()) {
            Tensor tensor = checkpoint.tensor(name);
            long bytes = 2 * tensor.elements();
            original += bytes;
            String layer = name.substring(0, Math.max(0, name.length() - ".weight".length()));
            boolean inCodes = matrices.containsKey(layer) && !roundsAnew || modulations.containsKey(layer);
            kept += name.endsWith(".weight") && inCodes ? 0 : bytes;
        }
        for (float[] factors : new HashSet<>(smoothing.values())) {
            kept += 2L * factors.length;
        }
        Stream<QuantizedMatrix> linears = roundsAnew ? Stream.empty() : matrices.values().stream();
        long quantized = Stream.concat(linears, modulations.values().stream())
                .mapToLong(QuantizedMatrix::bytes)
                .sum();
        return new WeightMemory(original, quantized, kept).plus(branches.bytes());
    }
}
