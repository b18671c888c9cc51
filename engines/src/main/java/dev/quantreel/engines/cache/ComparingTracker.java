package dev.quantreel.engines.cache;

import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Decides by the relative L1 change of what it watches.
abstract class ComparingTracker extends ResidualTracker {

    private final Against against;
    private @Nullable Tensor reference;

    /// What a step is compared with.
    enum Against {
        /// The step before, however it came about.
        PREVIOUS_STEP,
        /// The last step that was computed.
        LAST_COMPUTED
    }

    ComparingTracker(Against against) {
        this.against = against;
    }

    @Override
    public final boolean reuses(int step, Tensor watched) {
        Tensor before = reference;
        double change = before == null ? Double.NaN : LatentMetrics.relativeL1(watched, before);
        boolean reuses = decide(step, change) && isFilled();
        if (!reuses || against == Against.PREVIOUS_STEP) {
            reference = watched;
        }
        return reuses;
    }

    /// Whether the step may be skipped; also keeps the member's own sums.
    ///
    /// @param relativeL1 mean|watched − reference| / mean|reference|; NaN at step 0
    abstract boolean decide(int step, double relativeL1);
}
