package dev.quantreel.engines.cache;

import dev.quantreel.engines.cache.StepCache.Watched;
import java.util.List;

/// What [TeaCache] knows of a model: the signal to watch, and a polynomial that turns its change into an estimate of
/// the change of the model's output.
public interface SignalEstimate {

    /// Name for people.
    String model();

    /// The signal the polynomial was fitted to.
    Watched watched();

    /// Coefficients, highest power first; at least one.
    List<Double> coefficients();

    /// Thresholds to choose from; the first is the usual one.
    List<Double> thresholds();

    /// First steps that are always computed, at least 1.
    default int retainedSteps() {
        return 1;
    }

    /// Whether the last step is always computed.
    default boolean computesLastStep() {
        return true;
    }

    /// Estimated relative change of the output.
    ///
    /// @param relativeL1 relative change of the watched signal
    default double estimate(double relativeL1) {
        double sum = 0;
        for (double coefficient : coefficients()) {
            sum = sum * relativeL1 + coefficient;
        }
        return sum;
    }
}
