package dev.quantreel.engines.cache;

/// The part of a generation in which steps may be skipped.
///
/// @param startFraction steps before this fraction of all are computed
/// @param endFraction steps from this fraction on are computed
public record StepWindow(double startFraction, double endFraction) {

    /// The whole generation.
    public static final StepWindow ALL = new StepWindow(0, 1);

    public StepWindow {
        if (!(startFraction >= 0 && startFraction <= endFraction && endFraction <= 1)) {
            throw new IllegalArgumentException("the window of the step cache is " + startFraction + " to " + endFraction
                    + ", expected fractions of the steps, 0 to 1, in ascending order");
        }
    }

    /// Whether the step may be skipped.
    boolean contains(int step, int steps) {
        return step >= startFraction * steps && step < endFraction * steps;
    }
}
