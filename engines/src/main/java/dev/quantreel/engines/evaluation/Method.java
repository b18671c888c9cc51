package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.schedule.BitSchedule;
import java.util.Optional;

/// One way to run the model: what a row of the comparison stands for.
///
/// @param name as the papers call it, for example `DVD-Quant W4A4`
/// @param plan weights and activations; empty for full precision
/// @param bits activation bits per step; without effect at full precision
/// @param cache which steps are skipped
public record Method(String name, Optional<QuantizationPlan> plan, BitSchedule bits, StepCache cache) {

    static Method of(String name, QuantizationPlan plan, BitSchedule bits) {
        return new Method(name, Optional.of(plan), bits, new StepCache.None());
    }
}
