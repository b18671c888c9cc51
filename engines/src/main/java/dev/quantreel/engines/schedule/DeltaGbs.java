package dev.quantreel.engines.schedule;

/// δ-guided bit switching (DVD-Quant, equation 4): low bits while the model output has drifted less than δ since the
/// last step at high bits.
///
/// The drift is the sum of the relative L1 changes of the output. Steps 0 and 1 are high, for no change is known
/// before them.
/// Choosing high bits sets the sum to 0. Steps that a step cache answers are not asked, but their changes count.
///
/// @param delta drift that calls for high bits; 0 makes every step high, infinity only the forced ones
/// @param low bits of the quiet steps
/// @param high bits of the others
/// @param forceFirst so many first steps are high whatever the drift
/// @param forceLast so many last steps are high whatever the drift
public record DeltaGbs(double delta, int low, int high, int forceFirst, int forceLast) implements BitSchedule {

    public DeltaGbs {
        BitSchedule.requireOrdered(low, high);
        if (!(delta >= 0)) {
            throw new IllegalArgumentException("delta is " + delta + ", expected 0 or more");
        }
        if (forceFirst < 0 || forceLast < 0) {
            throw new IllegalArgumentException(
                    "forced steps are " + forceFirst + " first and " + forceLast + " last, expected 0 or more");
        }
    }

    /// The paper's form: 4 and 8 bits, nothing forced but step 0.
    public static DeltaGbs of(double delta) {
        return new DeltaGbs(delta, 4, 8, 1, 0);
    }

    /// The same schedule with another threshold.
    public DeltaGbs withDelta(double newDelta) {
        return new DeltaGbs(newDelta, low, high, forceFirst, forceLast);
    }

    @Override
    public int most() {
        return high;
    }

    @Override
    public BitTracker start(int steps) {
        return new Tracker(steps);
    }

    private final class Tracker implements BitTracker {

        private final int steps;
        private double drift;
        private boolean driftKnown;

        Tracker(int steps) {
            this.steps = steps;
        }

        @Override
        public int bits(int step) {
            boolean forced = step < forceFirst || step >= steps - forceLast;
            if (driftKnown && !forced && drift < delta) {
                return low;
            }
            drift = 0;
            return high;
        }

        @Override
        public void observed(int step, double relativeL1) {
            drift += relativeL1;
            driftKnown = true;
        }

        @Override
        public void raised(int step) {
            drift = 0;
        }
    }
}
