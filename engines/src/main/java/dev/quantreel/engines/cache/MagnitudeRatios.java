package dev.quantreel.engines.cache;

import java.util.List;

/// How the magnitude of what the blocks change moves from step to step: mean over the tokens of ‖r_t‖₂ / ‖r_{t−1}‖₂,
/// r = tokens after the blocks − tokens before them.
///
/// @param conditional one ratio per step of the calibrated run, the first 1
/// @param unconditional like `conditional`; the same list where there was one branch
public record MagnitudeRatios(List<Double> conditional, List<Double> unconditional) {

    public MagnitudeRatios {
        conditional = List.copyOf(conditional);
        unconditional = List.copyOf(unconditional);
        require("conditional", conditional);
        require("unconditional", unconditional);
    }

    private static void require(String branch, List<Double> ratios) {
        if (ratios.isEmpty()) {
            throw new IllegalArgumentException("there are no magnitude ratios of the " + branch + " branch");
        }
        for (double ratio : ratios) {
            if (!(ratio > 0) || Double.isInfinite(ratio)) {
                throw new IllegalArgumentException("a magnitude ratio of the " + branch + " branch is " + ratio
                        + ", expected a finite value above 0");
            }
        }
    }

    /// The ratios of a run of another length: the nearest ones, first on first and last on last.
    static double[] resampled(List<Double> ratios, int steps) {
        double[] resampled = new double[steps];
        double scale = steps == 1 ? 0 : (ratios.size() - 1.0) / (steps - 1);
        for (int step = 0; step < steps; step++) {
            resampled[step] = ratios.get((int) Math.rint(step * scale));
        }
        return resampled;
    }
}
