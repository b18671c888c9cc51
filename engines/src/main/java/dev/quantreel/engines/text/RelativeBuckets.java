package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// T5's relative positions: half of the buckets for keys behind the query and half for keys ahead; near distances
/// one bucket each, far ones logarithmically up to [#MAX_DISTANCE].
final class RelativeBuckets {

    /// Distances from here on share the last bucket.
    static final int MAX_DISTANCE = 128;

    private RelativeBuckets() {}

    /// @return I64 `[tokens, tokens]`, the bucket of each (query, key)
    static Tensor of(int tokens, int buckets) {
        long[] values = new long[tokens * tokens];
        for (int query = 0; query < tokens; query++) {
            for (int key = 0; key < tokens; key++) {
                values[query * tokens + key] = bucket(key - query, buckets);
            }
        }
        return Tensor.ofLongs(Shape.of(tokens, tokens), values);
    }

    static int bucket(int offset, int buckets) {
        int half = buckets / 2;
        int exact = half / 2;
        int base = offset > 0 ? half : 0;
        int distance = Math.abs(offset);
        if (distance < exact) {
            return base + distance;
        }
        // In single precision, as the reference computes it, so that borders fall alike.
        float ratio = (float) Math.log((float) distance / exact) / (float) Math.log((double) MAX_DISTANCE / exact);
        return base + Math.min(half - 1, exact + (int) (ratio * (half - exact)));
    }
}
