package dev.quantreel.engines.schedule;

/// The same bits at every step.
public record Constant(int bits) implements BitSchedule {

    public Constant {
        BitSchedule.requireBits("bits", bits);
    }

    @Override
    public int most() {
        return bits;
    }

    @Override
    public BitTracker start(int steps) {
        return BitSchedule.fixed(step -> bits);
    }
}
