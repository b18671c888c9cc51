package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.FractionalGrid;
import dev.quantreel.engines.internal.kernel.LevelKernels;

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
        LevelKernels kernels = LevelKernels.best();
        float exponent = (float) (options.norm() - 1);
        float zero = -low / step;
        float best = zero;
        float least = Float.POSITIVE_INFINITY;
        double beta = options.beta();
        for (int iteration = 0; iteration <= options.maxIterations(); iteration++) {
            LevelKernels.Turn turn = kernels.turn(
                    weights,
                    0,
                    weights.length,
                    new FractionalGrid(step, zero, (1 << bits) - 1),
                    new LevelKernels.Shrinkage(exponent, (float) beta));
            if (!(turn.magnitudes() < least)) {
                break;
            }
            least = turn.magnitudes();
            best = zero;
            zero = turn.zeros() / weights.length;
            beta *= options.growth();
        }
        int parts = 1 << (8 - bits);
        return Grid.clamp((int) Math.rint(best * parts), 255);
    }
}
