package dev.quantreel.engines.schedule;

import java.util.List;

/// Finds the δ of a [DeltaGbs] that gives a wanted mean of bits on a recorded curve of output changes.
///
/// The mean falls with δ in steps and not everywhere monotonically, so the bisection keeps the best it saw.
///
/// @param schedule the schedule with the δ found
/// @param meanBits mean activation bits it has on the curve
public record DeltaTuning(DeltaGbs schedule, double meanBits) {

    private static final int BISECTIONS = 60;

    /// @param relativeL1 change of the guided output at steps 1, 2, ..., steps - 1, as [BitTracker#observed] gets it
    /// @param wantedMeanBits between the template's low and high bits
    /// @param template everything but δ
    public static DeltaTuning tune(List<Double> relativeL1, double wantedMeanBits, DeltaGbs template) {
        return tuneByBlock(List.of(relativeL1), wantedMeanBits, template);
    }

    /// One δ for several blocks, each with a curve of its own.
    ///
    /// @param curves of every block and branch, as [BlockTracker#observed] gets them
    public static DeltaTuning tuneByBlock(List<List<Double>> curves, double wantedMeanBits, DeltaGbs template) {
        requireCurves(curves);
        if (!(wantedMeanBits >= template.low() && wantedMeanBits <= template.high())) {
            throw new IllegalArgumentException(
                    "mean bits " + wantedMeanBits + " are not between " + template.low() + " and " + template.high());
        }
        double lower = 0;
        double upper = 2
                        * curves.stream()
                                .mapToDouble(curve -> curve.stream()
                                        .mapToDouble(Double::doubleValue)
                                        .sum())
                                .max()
                                .orElse(0)
                + Double.MIN_NORMAL;
        DeltaTuning best = at(template.withDelta(lower), curves);
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = i == 0 ? upper : (lower + upper) / 2;
            DeltaTuning tried = at(template.withDelta(middle), curves);
            if (Math.abs(tried.meanBits - wantedMeanBits) < Math.abs(best.meanBits - wantedMeanBits)) {
                best = tried;
            }
            if (tried.meanBits > wantedMeanBits) {
                lower = middle;
            } else {
                upper = middle;
            }
        }
        return best;
    }

    private static void requireCurves(List<List<Double>> curves) {
        for (List<Double> curve : curves) {
            if (curve.isEmpty()) {
                throw new IllegalArgumentException("the curve is empty; record a generation of at least 2 steps");
            }
            for (double change : curve) {
                if (!(change >= 0) || Double.isInfinite(change)) {
                    throw new IllegalArgumentException(
                            "the curve holds " + change + ", expected finite changes of 0 or more");
                }
            }
        }
    }

    private static DeltaTuning at(DeltaGbs schedule, List<List<Double>> curves) {
        double mean = curves.stream()
                .mapToDouble(curve -> meanBits(schedule, curve))
                .average()
                .orElseThrow(() -> new IllegalArgumentException("there is no curve to tune δ on"));
        return new DeltaTuning(schedule, mean);
    }

    private static double meanBits(DeltaGbs schedule, List<Double> relativeL1) {
        int steps = relativeL1.size() + 1;
        BitTracker tracker = schedule.start(steps);
        long bits = 0;
        for (int step = 0; step < steps; step++) {
            bits += tracker.bits(step);
            if (step > 0) {
                tracker.observed(step, relativeL1.get(step - 1));
            }
        }
        return (double) bits / steps;
    }
}
