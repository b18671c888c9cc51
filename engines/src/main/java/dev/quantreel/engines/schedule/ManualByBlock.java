package dev.quantreel.engines.schedule;

import java.util.List;
import java.util.Optional;

/// Bits that are known for every step, branch and block, such as those of an earlier generation.
///
/// @param conditional by step, then by block
/// @param unconditional the same of the other branch; empty without guidance
public record ManualByBlock(List<List<Integer>> conditional, List<List<Integer>> unconditional) implements BitSchedule {

    public ManualByBlock {
        conditional = conditional.stream().map(List::copyOf).toList();
        unconditional = unconditional.stream().map(List::copyOf).toList();
        conditional.forEach(step -> step.forEach(bits -> BitSchedule.requireBits("bits of a block", bits)));
        unconditional.forEach(step -> step.forEach(bits -> BitSchedule.requireBits("bits of a block", bits)));
    }

    @Override
    public int most() {
        return conditional.stream()
                .flatMap(List::stream)
                .mapToInt(Integer::intValue)
                .max()
                .orElse(MAX_BITS);
    }

    /// The most bits of a step, for models whose blocks cannot have bits of their own.
    @Override
    public BitTracker start(int steps) {
        requireSteps(steps, conditional);
        return BitSchedule.fixed(step ->
                conditional.get(step).stream().mapToInt(Integer::intValue).max().orElse(MAX_BITS));
    }

    @Override
    public Optional<BlockTracker> startByBlock(int steps, boolean isConditional) {
        List<List<Integer>> bits = isConditional ? conditional : unconditional;
        requireSteps(steps, bits);
        return Optional.of(new BlockTracker() {
            @Override
            public List<Integer> bits(int step, int blocks) {
                List<Integer> own = bits.get(step);
                if (own.size() != blocks) {
                    throw new IllegalArgumentException("there are bits for " + own.size() + " blocks at step " + step
                            + ", and the model has " + blocks);
                }
                return own;
            }

            @Override
            public void observed(int step, List<Double> relativeL1) {
                // Nothing that is seen changes bits that are known.
            }
        });
    }

    private static void requireSteps(int steps, List<List<Integer>> bits) {
        if (!bits.isEmpty() && bits.size() != steps) {
            throw new IllegalArgumentException("bits for " + bits.size() + " steps do not fit " + steps + " steps");
        }
    }
}
