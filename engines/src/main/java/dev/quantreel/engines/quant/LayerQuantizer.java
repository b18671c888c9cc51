package dev.quantreel.engines.quant;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/// Carries a plan out on one layer after the other, whichever is asked for. What layers share, such as the statistics
/// of an input that several read, is kept from one to the next. Not thread-safe.
public final class LayerQuantizer {

    private final QuantizedWeights.Source source;
    private final QuantizationPlan plan;
    private final RowTasks tasks;
    private final SequencedMap<String, Integer> bits;
    private final InputSmoothing inputs;
    private final FeedbackSource feedback;

    /// A layer for engines.
    ///
    /// @param branch what was taken out of the weight before it was quantized
    /// @param smoothing what channels of its input are divided by
    record Outcome(QuantizedMatrix matrix, Optional<LowRankBranch> branch, Optional<float[]> smoothing) {
        Outcome at(UnaryOperator<QuantizedMatrix> place) {
            return new Outcome(place.apply(matrix), branch, smoothing);
        }
    }

    /// A layer for files, as [Outcome].
    public record Packed(PackedMatrix matrix, Optional<LowRankBranch> branch, Optional<float[]> smoothing) {}

    /// A weight as the plan quantizes it, and how.
    private record Task(WeightMatrix weight, LayerQuantization quantization, Optional<float[]> smoothing) {}

    /// @throws IllegalArgumentException when the plan needs statistics that are not there
    public LayerQuantizer(QuantizedWeights.Source source, QuantizationPlan plan, RowTasks tasks) {
        this.source = source;
        this.plan = plan;
        this.tasks = tasks;
        this.bits = plan.layers().bits(source.layers(), plan.weightBits());
        this.inputs = new InputSmoothing(source, plan, List.copyOf(bits.keySet()), tasks);
        this.feedback = new FeedbackSource(source.statistics(), plan, tasks);
    }

    /// The layers that the plan selects, in the order of the source, and their bits.
    public SequencedMap<String, Integer> bits() {
        return bits;
    }

    /// How the weight of a layer is quantized.
    public WeightPlan weights(String layer) {
        return plan.weight().withBits(Objects.requireNonNull(bits.get(layer), layer));
    }

    /// The layers that the plan selects, those that read the same input one behind the other, so that its statistics
    /// are looked at once.
    public List<String> byInput() {
        Map<Object, List<String>> readers = new LinkedHashMap<>();
        for (String layer : bits.keySet()) {
            Object input =
                    source.statistics().of(layer).<Object>map(known -> known).orElse(layer);
            readers.computeIfAbsent(input, missing -> new ArrayList<>()).add(layer);
        }
        return readers.values().stream().flatMap(List::stream).toList();
    }

    /// @throws IllegalArgumentException when the weight is missing, is no floating-point matrix, or is not finite
    Outcome quantize(String layer) {
        Tensor stored = stored(layer);
        Task task = task(layer, stored);
        LayerQuantization.Outcome outcome = task.quantization.of(task.weight);
        stored.evict(); // only its codes are needed from now on
        return new Outcome(outcome.matrix(), outcome.branch(), task.smoothing);
    }

    /// @param into receives the codes, [PackedMatrix#of]
    /// @throws IllegalArgumentException when the weight is missing, is no floating-point matrix, or is not finite
    public Packed pack(String layer, MemorySegment into) {
        Tensor stored = stored(layer);
        Task task = task(layer, stored);
        LayerQuantization.Packed packed = task.quantization.pack(task.weight, into);
        stored.evict();
        return new Packed(packed.matrix(), packed.branch(), task.smoothing);
    }

    private Tensor stored(String layer) {
        return source.checkpoint().tensor(layer + ".weight");
    }

    private Task task(String layer, Tensor stored) {
        Optional<float[]> smoothing = inputs.of(layer);
        WeightMatrix weight = weight(plan, layer, stored, smoothing);
        WeightPlan own = weights(layer);
        Optional<ErrorFeedback> ownFeedback = feedback.of(layer, weight.columns(), smoothing);
        return new Task(weight, new LayerQuantization(own, ownFeedback, tasks), smoothing);
    }

    /// A weight smoothed and rotated where the plan does so.
    static WeightMatrix weight(QuantizationPlan plan, String layer, Tensor stored, Optional<float[]> smoothing) {
        WeightMatrix plain = WeightMatrix.of(layer + ".weight", stored);
        WeightMatrix weight = smoothing.map(plain::scaled).orElse(plain);
        Optional<Rotation> rotation = plan.rotation().at(weight.columns());
        return rotation.map(weight::rotated).orElse(weight);
    }
}
