package dev.quantreel.engines.schedule;

/// High and low bits in turn, high at step 0: DVD-Quant's ABS, whose paper leaves the first width open.
public record Alternating(int low, int high) implements BitSchedule {

    public Alternating {
        BitSchedule.requireOrdered(low, high);
    }

    @Override
    public int most() {
        return high;
    }

    @Override
    public BitTracker start(int steps) {
        return BitSchedule.fixed(step -> step % 2 == 0 ? high : low);
    }
}
