package dev.quantreel.engines.schedule;

import java.util.Collections;
import java.util.List;
import java.util.Optional;

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
    public Optional<BlockTracker> startByBlock(int steps, boolean conditional) {
        return schedule.startByBlock(steps, conditional).map(Raising::new);
    }

    private final class Raising implements BlockTracker {

        private final BlockTracker inner;
        private int skipped;

        Raising(BlockTracker inner) {
            this.inner = inner;
        }

        @Override
        public List<Integer> bits(int step, int blocks) {
            List<Integer> bits = inner.bits(step, blocks);
            boolean raised = skipped >= run;
            skipped = 0;
            if (raised) {
                inner.raised(step);
            }
            return raised ? Collections.nCopies(blocks, most()) : bits;
        }

        @Override
        public void observed(int step, List<Double> relativeL1) {
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
