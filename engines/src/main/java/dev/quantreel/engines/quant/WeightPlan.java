package dev.quantreel.engines.quant;

/// How weights are quantized.
///
/// @param quantizer how the grid of a weight row is chosen
/// @param bits 2 to 8
/// @param branch what is taken out of a weight beforehand
/// @param statistics what activations are known for methods that weigh errors with them
public record WeightPlan(WeightQuantizer quantizer, int bits, BranchPlan branch, StatisticsPlan statistics) {

    public WeightPlan {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("weight bits is " + bits + "; 2 to 8 are accepted");
        }
    }

    /// Without branch and statistics.
    public WeightPlan(WeightQuantizer quantizer, int bits) {
        this(quantizer, bits, new BranchPlan.None(), new StatisticsPlan.None());
    }

    public WeightPlan with(WeightQuantizer newQuantizer, int newBits) {
        return new WeightPlan(newQuantizer, newBits, branch, statistics);
    }

    public WeightPlan with(BranchPlan newBranch) {
        return new WeightPlan(quantizer, bits, newBranch, statistics);
    }

    public WeightPlan with(StatisticsPlan newStatistics) {
        return new WeightPlan(quantizer, bits, branch, newStatistics);
    }
}
