package dev.quantreel.nodes.report;

import dev.quantreel.nodes.spi.Upstream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// The points of a sweep, each a set of changes.
final class SweepPoints {

    /// What one sweep measures at most.
    static final int MOST = 1000;

    private SweepPoints() {}

    /// All combinations, the last row changing fastest.
    ///
    /// @throws IllegalArgumentException when there are too many; the message says what would be accepted
    static List<List<Upstream.Change>> grid(List<SweepAxis> axes) {
        long total = total(axes);
        if (total > MOST) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "is a grid of %,d points; accepted are up to %,d: take fewer values, or mode random, which measures"
                            + " some of them",
                    total,
                    MOST));
        }
        List<List<Upstream.Change>> points = new ArrayList<>();
        for (long i = 0; i < total; i++) {
            points.add(point(axes, i));
        }
        return points;
    }

    /// Different combinations drawn at random, in the order of the grid; all of them where there are not more.
    ///
    /// @param count 1 to [#MOST]
    /// @throws IllegalArgumentException when the combinations cannot be counted
    static List<List<Upstream.Change>> random(List<SweepAxis> axes, int count, long seed) {
        long total = total(axes);
        if (total <= count) {
            return grid(axes);
        }
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Set<Long> drawn = new LinkedHashSet<>();
        while (drawn.size() < count) {
            drawn.add(random.nextLong(total));
        }
        return drawn.stream().sorted().map(index -> point(axes, index)).toList();
    }

    private static long total(List<SweepAxis> axes) {
        long total = 1;
        try {
            for (SweepAxis axis : axes) {
                total = Math.multiplyExact(total, axis.count());
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("has more points than can be counted; take fewer values", e);
        }
        return total;
    }

    private static List<Upstream.Change> point(List<SweepAxis> axes, long index) {
        List<List<Upstream.Change>> parts = new ArrayList<>();
        long left = index;
        for (int i = axes.size() - 1; i >= 0; i--) {
            long count = axes.get(i).count();
            parts.addFirst(axes.get(i).changes(left % count));
            left /= count;
        }
        return parts.stream().flatMap(List::stream).toList();
    }
}
