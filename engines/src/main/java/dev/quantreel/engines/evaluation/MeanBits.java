package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.DeltaGbs;
import java.util.List;
import java.util.function.Function;

/// Finds the δ that gives generations a wanted mean of bits, by bisection on generations themselves: 4-bit steps change
/// the output more than their neighbours of 8 bits, so a δ found on a full-precision curve gives too many bits.
///
/// @param pilots generations that are run, at most
record MeanBits(GenerationMeter meter, List<Reference> references, int pilots) {

    private static final double MAX_DELTA = 2;
    private static final int BISECTIONS = 8;

    /// @param cache that the generations run with
    DeltaGbs tune(DiffusionTransformer transformer, StepCache cache, double wanted) {
        return tune(transformer, cache, wanted, rule -> rule);
    }

    /// The rule that gives the mean when it is applied as `form` has it, such as block by block.
    DeltaGbs tune(
            DiffusionTransformer transformer, StepCache cache, double wanted, Function<DeltaGbs, BitSchedule> form) {
        double lower = 0;
        double upper = MAX_DELTA;
        DeltaGbs best = DeltaGbs.of(upper);
        double bestDistance = Double.MAX_VALUE;
        for (int round = 0; round < BISECTIONS; round++) {
            DeltaGbs candidate = DeltaGbs.of((lower + upper) / 2);
            GenerationMeter.Way way = new GenerationMeter.Way(transformer, true, form.apply(candidate), cache);
            double mean = references.subList(0, Math.min(pilots, references.size())).stream()
                    .mapToDouble(pilot -> meter.meanBits(way, pilot))
                    .average()
                    .orElse(Double.NaN);
            if (Math.abs(mean - wanted) < bestDistance) {
                bestDistance = Math.abs(mean - wanted);
                best = candidate;
            }
            if (mean > wanted) {
                lower = candidate.delta();
            } else {
                upper = candidate.delta();
            }
        }
        return best;
    }
}
