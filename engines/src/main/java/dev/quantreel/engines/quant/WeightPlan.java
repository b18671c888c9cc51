package dev.quantreel.engines.quant;

/// How weights are quantized.
///
/// @param quantizer how a grid is chosen
/// @param bits 2 to 8
/// @param granularity how many weights share a grid
/// @param branch what is taken out of a weight beforehand
/// @param statistics what activations are known for methods that weigh errors with them
public record WeightPlan(
        WeightQuantizer quantizer, int bits, Granularity granularity, BranchPlan branch, StatisticsPlan statistics) {

    public WeightPlan {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("weight bits is " + bits + "; 2 to 8 are accepted");
        }
        quantizer.requireFits(bits, granularity);
    }

    /// One grid per row.
    public WeightPlan(WeightQuantizer quantizer, int bits, BranchPlan branch, StatisticsPlan statistics) {
        this(quantizer, bits, new Granularity.PerRow(), branch, statistics);
    }

    /// Without branch and statistics.
    public WeightPlan(WeightQuantizer quantizer, int bits, Granularity granularity) {
        this(quantizer, bits, granularity, new BranchPlan.None(), new StatisticsPlan.None());
    }

    /// One grid per row, without branch and statistics.
    public WeightPlan(WeightQuantizer quantizer, int bits) {
        this(quantizer, bits, new Granularity.PerRow());
    }

    public WeightPlan with(WeightQuantizer newQuantizer, int newBits) {
        return new WeightPlan(newQuantizer, newBits, granularity, branch, statistics);
    }

    public WeightPlan with(Granularity newGranularity) {
        return new WeightPlan(quantizer, bits, newGranularity, branch, statistics);
    }

    public WeightPlan with(BranchPlan newBranch) {
        return new WeightPlan(quantizer, bits, granularity, newBranch, statistics);
    }

    public WeightPlan with(StatisticsPlan newStatistics) {
        return new WeightPlan(quantizer, bits, granularity, branch, newStatistics);
    }

    /// The same at other bits, as a layer may have its own. Where these leave no room for multiples of a row's step,
    /// groups get steps of their own.
    public WeightPlan withBits(int newBits) {
        Granularity fitting = granularity instanceof Granularity.GroupMultiples(int columns)
                        && newBits > Granularity.GroupMultiples.MULTIPLE_BITS
                ? new Granularity.PerGroup(columns)
                : granularity;
        return new WeightPlan(quantizer, newBits, fitting, branch, statistics);
    }
}
