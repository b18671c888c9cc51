package dev.quantreel.engines.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// As many low as high steps in a random order fixed by the seed: DVD-Quant's SBA. Of an odd number of steps one more
/// is high.
public record Shuffled(int low, int high, long seed) implements BitSchedule {

    public Shuffled {
        BitSchedule.requireOrdered(low, high);
    }

    @Override
    public int most() {
        return high;
    }

    @Override
    public BitTracker start(int steps) {
        List<Integer> bits = new ArrayList<>(Collections.nCopies(steps / 2, low));
        bits.addAll(Collections.nCopies(steps - steps / 2, high));
        Collections.shuffle(bits, new Random(seed));
        return BitSchedule.fixed(bits::get);
    }
}
