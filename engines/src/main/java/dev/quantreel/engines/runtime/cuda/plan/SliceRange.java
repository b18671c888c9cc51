package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// What a Slice takes of every axis.
///
/// @param starts first index of each axis
/// @param counts how many
/// @param steps from one to the next
public record SliceRange(List<Long> starts, List<Long> counts, List<Long> steps) {

    /// @param step of a Slice
    public static SliceRange of(Step step) {
        return of(new ShapeRules(step.op(), step.attributes(), step.inputs()));
    }

    static SliceRange of(ShapeRules call) {
        Shape x = call.shape(0);
        long[] from = new long[x.rank()];
        long[] count = x.toArray();
        long[] step = new long[x.rank()];
        Arrays.fill(step, 1);
        long[] starts = call.longs(1);
        long[] ends = call.longs(2);
        long[] axes = call.has(3)
                ? call.longs(3)
                : IntStream.range(0, starts.length).asLongStream().toArray();
        Optional<long[]> strides = call.has(4) ? Optional.of(call.longs(4)) : Optional.empty();
        for (int i = 0; i < starts.length; i++) {
            int axis = ShapeRules.axis(x, (int) axes[i]);
            long extent = x.dim(axis);
            int which = i;
            step[axis] = strides.map(s -> s[which]).orElse(1L);
            boolean forward = step[axis] > 0;
            long start = Math.clamp(starts[i] < 0 ? starts[i] + extent : starts[i], 0L, forward ? extent : extent - 1);
            long end = Math.clamp(ends[i] < 0 ? ends[i] + extent : ends[i], forward ? 0L : -1L, extent);
            from[axis] = start;
            count[axis] = Math.max(0, Math.ceilDiv(end - start, step[axis]));
        }
        return new SliceRange(list(from), list(count), list(step));
    }

    Shape shape(Shape x) {
        if (x.rank() != counts.size()) {
            throw new IllegalArgumentException("a range of " + counts.size() + " axes for " + x);
        }
        return Shape.of(counts.stream().mapToLong(Long::longValue).toArray());
    }

    /// Bytes from the start of `x` to what is taken, where that lies there without gaps; empty where it does not.
    Optional<Long> contiguous(View x) {
        int cut = -1;
        for (int axis = 0; axis < counts.size(); axis++) {
            boolean whole = counts.get(axis) == x.shape().dim(axis) && steps.get(axis) == 1;
            if (!whole && (cut >= 0 || steps.get(axis) != 1)) {
                return Optional.empty();
            }
            cut = whole ? cut : axis;
        }
        if (cut < 0) {
            return Optional.of(0L);
        }
        if (x.extent(0, cut) != 1) {
            return Optional.empty();
        }
        long elements = starts.get(cut) * x.extent(cut + 1, x.shape().rank());
        return elements * x.dtype().bits() % 8 == 0
                ? Optional.of(elements * x.dtype().bits() / 8)
                : Optional.empty();
    }

    private static List<Long> list(long[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}
