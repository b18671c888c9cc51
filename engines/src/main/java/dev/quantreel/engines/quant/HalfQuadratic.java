package dev.quantreel.engines.quant;

/// The zero point of [WeightQuantizer.Hqq] for one run of weights and a given step.
///
/// @param options of the method
/// @param bits of a code
record HalfQuadratic(WeightQuantizer.Hqq options, int bits) {

    /// The best zero point, rounded to the parts in which it is stored.
    int zeroPoint(float[] weights, float step) {
        float low = 0;
        for (float weight : weights) {
            low = Math.min(low, weight);
        }
        double zero = -low / (double) step;
        double best = zero;
        double least = Double.POSITIVE_INFINITY;
        double beta = options.beta();
        for (int iteration = 0; iteration <= options.maxIterations(); iteration++) {
            double error = error(weights, step, zero);
            if (!(error < least)) {
                break;
            }
            least = error;
            best = zero;
            zero = next(weights, step, zero, beta);
            beta *= options.growth();
        }
        int parts = 1 << (8 - bits);
        return Grid.clamp((int) Math.rint(best * parts), 255);
    }

    private double code(float weight, float step, double zero) {
        return Math.clamp(Math.rint(weight / (double) step + zero), 0, (1 << bits) - 1.0);
    }

    /// Mean magnitude.
    private double error(float[] weights, float step, double zero) {
        double sum = 0;
        for (float weight : weights) {
            sum += Math.abs(weight - step * (code(weight, step, zero) - zero));
        }
        return sum / weights.length;
    }

    /// `mean(code - (w - w_e) / step)`, with `w_e` the shrunk error.
    private double next(float[] weights, float step, double zero, double beta) {
        double sum = 0;
        for (float weight : weights) {
            double code = code(weight, step, zero);
            double error = weight - step * (code - zero);
            sum += code - (weight - shrunk(error, beta)) / step;
        }
        return sum / weights.length;
    }

    private double shrunk(double error, double beta) {
        double magnitude = Math.abs(error);
        if (magnitude == 0) {
            return 0;
        }
        return Math.copySign(Math.max(magnitude - Math.pow(magnitude, options.norm() - 1) / beta, 0), error);
    }
}
