package dev.quantreel.engines.quant;

import java.util.Optional;

/// The recipe with the least error on the demo model at its bytes: rotated weights in groups by GPTQ on statistics that
/// the model makes itself, a 16-bit low-rank branch solved in turns with them, activations with a scale per 32
/// channels. All of it is one integer product and one narrow one beside it.
public final class SelfCalibrated {

    private static final int GROUP = 64;
    private static final int BLOCK = 32;
    private static final int ROTATED_CHANNELS = 256;
    private static final int TURNS = 10;

    private SelfCalibrated() {}

    /// @param bits of weights, 2 to 8; groups are for those that leave room for multiples of a row's step
    /// @param rank of the branch; 0 for none
    /// @param statistics what the model makes; empty where they are planned elsewhere
    public static QuantizationPlan plan(int bits, int rank, Optional<StatisticsPlan.SelfGenerated> statistics) {
        Granularity granularity = bits <= Granularity.GroupMultiples.MULTIPLE_BITS
                ? new Granularity.GroupMultiples(GROUP)
                : new Granularity.PerRow();
        WeightPlan weight = new WeightPlan(new WeightQuantizer.Gptq(), bits, granularity)
                .with(rank == 0 ? new BranchPlan.None() : new BranchPlan.LowRank(rank, TURNS));
        InputPlan input = new InputPlan(
                new RotationPlan.Hadamard(ROTATED_CHANNELS, 0),
                new ActivationQuantizer.Auto(
                        new ActivationQuantizer.Block(BLOCK), new ActivationQuantizer.RowNormalized()));
        return new QuantizationPlan(statistics.<WeightPlan>map(weight::with).orElse(weight), input, LayerRule.ALL);
    }
}
