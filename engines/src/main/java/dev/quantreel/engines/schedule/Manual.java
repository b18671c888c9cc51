package dev.quantreel.engines.schedule;

import java.util.List;

/// Bits written down for each step.
public record Manual(List<Integer> bitsPerStep) implements BitSchedule {

    public Manual {
        bitsPerStep = List.copyOf(bitsPerStep);
        for (int step = 0; step < bitsPerStep.size(); step++) {
            BitSchedule.requireBits("bits of step " + step, bitsPerStep.get(step));
        }
    }

    @Override
    public int most() {
        return bitsPerStep.stream().mapToInt(Integer::intValue).max().orElse(BitSchedule.MAX_BITS);
    }

    @Override
    public BitTracker start(int steps) {
        if (steps != bitsPerStep.size()) {
            throw new IllegalArgumentException("the manual bit schedule has " + bitsPerStep.size()
                    + " entries, the sampler runs " + steps + " steps; they must be equally many");
        }
        return BitSchedule.fixed(bitsPerStep::get);
    }
}
