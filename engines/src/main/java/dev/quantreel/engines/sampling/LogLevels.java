package dev.quantreel.engines.sampling;

/// Noise levels in the variables of a [Multistep].
///
/// @param levels of the generation
/// @param unscaled whether α is taken as 1
/// @param least what stands for a last level of 0
record LogLevels(NoiseLevels levels, boolean unscaled, double least) {

    /// ComfyUI's UniPC stops so close to 0.
    private static final double LEAST_OF_COMFY_UI = 0.001;

    static LogLevels of(NoiseLevels levels, Multistep.Form form, boolean corrects) {
        boolean unscaled = form == Multistep.Form.VARIANCE_EXPLODING && levels.prediction() == Prediction.FLOW;
        return new LogLevels(levels, unscaled, unscaled && corrects ? LEAST_OF_COMFY_UI : 0);
    }

    /// The order that is sound at a step: it falls to 1 at the last one, whose end is infinitely far away.
    int lastOrders(int step) {
        boolean endsInfinitelyFar = levels.sigma(levels.steps()) == 0;
        return endsInfinitelyFar ? levels.steps() - step : Integer.MAX_VALUE;
    }

    double sigma(int level) {
        return Math.max(levels.sigma(level), level == levels.steps() ? least : 0);
    }

    double alpha(int level) {
        return unscaled ? 1 : levels.alpha(level);
    }

    double lambda(int level) {
        return Math.log(alpha(level)) - Math.log(sigma(level));
    }
}
