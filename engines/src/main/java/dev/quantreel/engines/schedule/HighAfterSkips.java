package dev.quantreel.engines.schedule;

/// Another schedule, with the most bits at a step that is computed after a step cache skipped several: what it computes
/// is going to be reused as often.
///
/// @param schedule says the bits of all other steps
/// @param run skipped steps in a row that call for the most bits, at least 1
public record HighAfterSkips(BitSchedule schedule, int run) implements BitSchedule {

    public HighAfterSkips {
        if (run < 1) {
            throw new IllegalArgumentException("the run of skipped steps is " + run + ", expected at least 1");
        }
    }

    @Override
    public int most() {
        return schedule.most();
    }

    @Override
    public BitTracker start(int steps) {
        BitTracker inner = schedule.start(steps);
        return new BitTracker() {
            private int skipped;

            @Override
            public int bits(int step) {
                int bits = inner.bits(step);
                boolean raised = skipped >= run && bits < most();
                skipped = 0;
                if (raised) {
                    inner.raised(step);
                }
                return raised ? most() : bits;
            }

            @Override
            public void observed(int step, double relativeL1) {
                inner.observed(step, relativeL1);
            }

            @Override
            public void skipped(int step) {
                skipped++;
                inner.skipped(step);
            }

            @Override
            public void raised(int step) {
                inner.raised(step);
            }
        };
    }
}
