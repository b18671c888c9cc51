package dev.quantreel.engines.schedule;

/// One width in the first half of the steps and the other in the second: DVD-Quant's STP (low first) and ITP (high
/// first).
///
/// Of an odd number of steps the second half has one more.
public record SwitchAtHalf(int low, int high, boolean lowFirst) implements BitSchedule {

    public SwitchAtHalf {
        BitSchedule.requireOrdered(low, high);
    }

    /// STP: low bits first.
    public static SwitchAtHalf lowThenHigh(int low, int high) {
        return new SwitchAtHalf(low, high, true);
    }

    /// ITP: high bits first.
    public static SwitchAtHalf highThenLow(int low, int high) {
        return new SwitchAtHalf(low, high, false);
    }

    @Override
    public int most() {
        return high;
    }

    @Override
    public BitTracker start(int steps) {
        return BitSchedule.fixed(step -> (step < steps / 2) == lowFirst ? low : high);
    }
}
