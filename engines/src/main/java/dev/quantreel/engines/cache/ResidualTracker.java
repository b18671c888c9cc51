package dev.quantreel.engines.cache;

import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Keeps the last difference of output and input, and adds it to later inputs.
abstract class ResidualTracker implements CacheTracker {

    private @Nullable Tensor residual;

    /// Whether there is something to reuse.
    final boolean isFilled() {
        return residual != null;
    }

    @Override
    public void computed(Tensor input, Tensor output) {
        residual = combine(output, input, -1f);
    }

    @Override
    public final Tensor reuse(Tensor input) {
        Tensor change = residual;
        if (change == null) {
            throw new IllegalStateException("nothing was computed yet");
        }
        return combine(input, change, 1f);
    }

    private static Tensor combine(Tensor a, Tensor b, float sign) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("tokens of shape " + a.shape() + " and " + b.shape() + " do not match");
        }
        Tensor result = Tensor.zeros(a.dtype(), a.shape());
        MemorySegment to = result.data();
        MemorySegment left = a.data();
        MemorySegment right = b.data();
        long bytes = to.byteSize();
        for (long at = 0; at < bytes; at += Float.BYTES) {
            to.set(Tensor.FLOAT, at, left.get(Tensor.FLOAT, at) + sign * right.get(Tensor.FLOAT, at));
        }
        return result;
    }
}
