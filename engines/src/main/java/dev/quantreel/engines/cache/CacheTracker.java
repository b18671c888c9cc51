package dev.quantreel.engines.cache;

import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The state of a [StepCache] in one branch of one generation. Not thread-safe.
///
/// Per step: [#reuses] once, then [#computed] if it said no, or [#reuse] if it said yes.
public abstract class CacheTracker {

    private @Nullable Tensor previous;
    private @Nullable Tensor residual;

    /// @param step ascending from 0, every step
    /// @param watched what [StepCache#watched] names, F32; remembered for the next step
    /// @return whether this step reuses the change that the blocks made last
    public final boolean reuses(int step, Tensor watched) {
        Tensor before = previous;
        previous = watched;
        double change = before == null ? Double.NaN : LatentMetrics.relativeL1(watched, before);
        boolean wanted = decide(step, change);
        return wanted && residual != null;
    }

    /// Whether the step may be skipped; also keeps the member's own sums.
    ///
    /// @param relativeL1 mean|watched − previous| / mean|previous|; NaN at step 0
    protected abstract boolean decide(int step, double relativeL1);

    /// Remembers what the blocks changed.
    ///
    /// @param input F32 tokens before block 0
    /// @param output F32 tokens after the last block, same shape
    public void computed(Tensor input, Tensor output) {
        residual = combine(output, input, -1f);
    }

    /// The tokens as if the blocks had changed them as they did last.
    ///
    /// @param input F32 tokens before block 0
    public Tensor reuse(Tensor input) {
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
        long bytes = to.byteSize();
        for (long at = 0; at < bytes; at += Float.BYTES) {
            to.set(
                    Tensor.FLOAT,
                    at,
                    a.data().get(Tensor.FLOAT, at) + sign * b.data().get(Tensor.FLOAT, at));
        }
        return result;
    }
}
