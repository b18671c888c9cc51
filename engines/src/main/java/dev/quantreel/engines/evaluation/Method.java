package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import java.util.Optional;
import java.util.function.IntFunction;

/// A way to quantize, at any bits: a line of the table in each setting.
///
/// @param name as the papers call it; without bits
/// @param plan by weight bits
/// @param watched trajectories from which Q-VDiT's error estimation is made beside the plan; empty without one
public record Method(String name, IntFunction<QuantizationPlan> plan, Optional<StatisticsPlan.SelfGenerated> watched) {

    static Method of(String name, IntFunction<QuantizationPlan> plan) {
        return new Method(name, plan, Optional.empty());
    }

    PlannedModels.Wanted at(Setting setting) {
        return new PlannedModels.Wanted(
                Optional.of(plan.apply(setting.weightBits())),
                watched.map(own -> new PlannedModels.Estimate(setting.activationBits(), own)));
    }
}
