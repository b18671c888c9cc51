package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/// Profiles beside what a run really has.
final class ShapeRanges {

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ShapeRanges() {}

    /// What of a run lies outside a profile, for people; empty when nothing does.
    static Optional<String> outside(OptimizationProfile profile, Map<String, Tensor> values) {
        for (OptimizationProfile.Input input : profile.inputs()) {
            Tensor tensor = values.get(input.name());
            if (tensor == null) {
                continue;
            }
            if (!within(input.shape(), extents(tensor))) {
                return Optional.of("input " + input.name() + " is " + tensor.shape() + ", the engine was built for "
                        + input.shape().min() + " to " + input.shape().max());
            }
            if (input.values().isPresent() && !within(input.values().get(), numbers(tensor))) {
                return Optional.of("input " + input.name() + " is " + numbers(tensor) + ", the engine was built for "
                        + input.values().get().min() + " to "
                        + input.values().get().max());
            }
        }
        return Optional.empty();
    }

    /// A profile for a run, and for all that an earlier one was for; tuned for the run.
    ///
    /// @param model name of the graph
    static OptimizationProfile grown(String model, Optional<OptimizationProfile> earlier, Map<String, Tensor> values) {
        List<OptimizationProfile.Input> inputs = new ArrayList<>();
        values.forEach((name, tensor) -> {
            Optional<OptimizationProfile.Input> known = earlier.flatMap(profile -> profile.input(name));
            Extents shape = joined(known.map(OptimizationProfile.Input::shape), extents(tensor));
            boolean mayBeExtents = tensor.dtype() == DType.I64 && tensor.shape().rank() <= 1;
            Optional<Extents> numbers = mayBeExtents
                    ? Optional.of(joined(known.flatMap(OptimizationProfile.Input::values), numbers(tensor)))
                    : Optional.empty();
            inputs.add(new OptimizationProfile.Input(name, tensor.dtype(), shape, numbers));
        });
        return new OptimizationProfile(model, inputs);
    }

    private static boolean within(Extents range, List<Long> extents) {
        if (range.opt().size() != extents.size()) {
            return false;
        }
        for (int axis = 0; axis < extents.size(); axis++) {
            if (extents.get(axis) < range.min().get(axis)
                    || extents.get(axis) > range.max().get(axis)) {
                return false;
            }
        }
        return true;
    }

    private static Extents joined(Optional<Extents> known, List<Long> now) {
        if (known.isEmpty() || known.get().opt().size() != now.size()) {
            return Extents.fixed(now);
        }
        List<Long> min = new ArrayList<>();
        List<Long> max = new ArrayList<>();
        for (int axis = 0; axis < now.size(); axis++) {
            min.add(Math.min(known.get().min().get(axis), now.get(axis)));
            max.add(Math.max(known.get().max().get(axis), now.get(axis)));
        }
        return new Extents(min, now, max);
    }

    private static List<Long> extents(Tensor tensor) {
        return LongStream.of(tensor.shape().toArray()).boxed().toList();
    }

    private static List<Long> numbers(Tensor tensor) {
        return LongStream.range(0, tensor.elements())
                .map(i -> tensor.data().get(LONG, i * Long.BYTES))
                .map(number -> Math.max(0, number))
                .boxed()
                .toList();
    }
}
