package dev.quantreel.engines.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// δ-guided bit switching block by block, after 6Bit-Diffusion (arXiv 2603.18742), which chooses the format of each
/// block by what it changes: every block follows [DeltaGbs] on the changes of its own contribution to the tokens, so
/// that blocks that hardly move between steps run at low bits while others do not.
///
/// @param rule of every block; its δ is a sum of changes of the block, not of the output
public record BlockwiseGbs(DeltaGbs rule) implements BitSchedule {

    /// The same schedule with another threshold.
    public BlockwiseGbs withDelta(double delta) {
        return new BlockwiseGbs(rule.withDelta(delta));
    }

    @Override
    public int most() {
        return rule.most();
    }

    /// By step, for models whose blocks cannot have bits of their own.
    @Override
    public BitTracker start(int steps) {
        return rule.start(steps);
    }

    @Override
    public Optional<BlockTracker> startByBlock(int steps, boolean conditional) {
        return Optional.of(new Tracker(steps));
    }

    private final class Tracker implements BlockTracker {

        private final int steps;
        private final List<BitTracker> blocks = new ArrayList<>();

        Tracker(int steps) {
            this.steps = steps;
        }

        @Override
        public List<Integer> bits(int step, int count) {
            while (blocks.size() < count) {
                blocks.add(rule.start(steps));
            }
            return blocks.stream().map(block -> block.bits(step)).toList();
        }

        @Override
        public void observed(int step, List<Double> relativeL1) {
            for (int i = 0; i < blocks.size(); i++) {
                blocks.get(i).observed(step, relativeL1.get(i));
            }
        }

        @Override
        public void raised(int step) {
            blocks.forEach(block -> block.raised(step));
        }
    }
}
