package dev.quantreel.engines.schedule;

import java.util.Optional;
import java.util.function.IntUnaryOperator;

/// How many bits the activations of the quantized linears have at each step of a generation. Weights keep theirs.
///
/// The fixed members are the baselines of DVD-Quant's table 2, its own method is [DeltaGbs]. Immutable; safe to share.
public sealed interface BitSchedule
        permits Alternating,
                BlockwiseGbs,
                Constant,
                DeltaGbs,
                HighAfterSkips,
                Manual,
                ManualByBlock,
                Shuffled,
                SwitchAtHalf {

    /// Fewest bits of an activation.
    int MIN_BITS = 2;

    /// Most bits of a quantized activation.
    int MAX_BITS = 8;

    /// Begins a generation.
    ///
    /// @param steps sampler steps, at least 1
    /// @throws IllegalArgumentException when the schedule does not fit so many steps
    BitTracker start(int steps);

    /// Begins a generation in one branch of guidance, with bits of each block's own; empty where all blocks share the
    /// bits of [#start].
    ///
    /// @param steps as of [#start]
    /// @param conditional which branch
    default Optional<BlockTracker> startByBlock(int steps, boolean conditional) {
        return Optional.empty();
    }

    /// The most bits that it ever asks for.
    int most();

    /// @throws IllegalArgumentException when `bits` is no width of an activation
    static int requireBits(String name, int bits) {
        if (bits < MIN_BITS || bits > MAX_BITS) {
            throw new IllegalArgumentException(
                    name + " is " + bits + ", activations have " + MIN_BITS + " to " + MAX_BITS + " bits");
        }
        return bits;
    }

    /// @throws IllegalArgumentException unless both are widths of activations and `low` is below `high`
    static void requireOrdered(int low, int high) {
        requireBits("low bits", low);
        requireBits("high bits", high);
        if (low >= high) {
            throw new IllegalArgumentException("low bits " + low + " are not below high bits " + high);
        }
    }

    /// A tracker that knows all steps beforehand.
    static BitTracker fixed(IntUnaryOperator bitsOfStep) {
        return new BitTracker() {
            @Override
            public int bits(int step) {
                return bitsOfStep.applyAsInt(step);
            }

            @Override
            public void observed(int step, double relativeL1) {
                // Nothing that is seen changes a fixed schedule.
            }
        };
    }
}
