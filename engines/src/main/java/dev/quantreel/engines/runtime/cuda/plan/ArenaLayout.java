package dev.quantreel.engines.runtime.cuda.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Places buffers in one stretch of memory so that none overlap that live at the same time: the largest first, each at
/// the lowest place that is free while it lives ("greedy by size", Pisarchyk and Lee 2020, arXiv 2001.03288).
///
/// @param offsets of every buffer
/// @param bytes of the whole
public record ArenaLayout(Map<Buffer, Long> offsets, long bytes) {

    /// Where every buffer begins; more than any kernel needs.
    static final int ALIGNMENT = 256;

    /// A buffer and when it is used.
    ///
    /// @param first step that writes it
    /// @param last step that reads it
    record Lifetime(Buffer buffer, int first, int last) {

        boolean overlaps(Lifetime other) {
            return first <= other.last && other.first <= last;
        }

        long bytes() {
            return Math.ceilDiv(Math.max(1, buffer.bytes()), ALIGNMENT) * ALIGNMENT;
        }
    }

    private record Placed(Lifetime lifetime, long offset) {

        long end() {
            return offset + lifetime.bytes();
        }
    }

    static ArenaLayout of(List<Lifetime> lifetimes) {
        List<Lifetime> order = new ArrayList<>(lifetimes);
        order.sort(Comparator.comparingLong(Lifetime::bytes).reversed().thenComparingInt(Lifetime::first));
        Map<Buffer, Long> offsets = new IdentityHashMap<>();
        List<Placed> placed = new ArrayList<>();
        long bytes = 0;
        for (Lifetime lifetime : order) {
            long offset = 0;
            for (Placed other : placed) {
                boolean inTheWay = other.end() > offset && other.lifetime.overlaps(lifetime);
                if (inTheWay && other.offset < offset + lifetime.bytes()) {
                    offset = other.end();
                }
            }
            Placed own = new Placed(lifetime, offset);
            insert(placed, own);
            offsets.put(lifetime.buffer, offset);
            bytes = Math.max(bytes, own.end());
        }
        return new ArenaLayout(offsets, bytes);
    }

    /// Keeps them in the order of their places.
    private static void insert(List<Placed> placed, Placed own) {
        int low = 0;
        int high = placed.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (placed.get(middle).offset <= own.offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        placed.add(low, own);
    }
}
