package dev.quantreel.engines.synth;

import dev.quantreel.engines.tensor.Shape;

/// How the weights of a tensor are distributed, so that activations stay finite and of trained models' order
/// through
/// all blocks: matrices and kernels keep the variance of their input, norms scale by about one, biases and
/// modulation
/// tables are small.
///
/// @param mean of all values
/// @param deviation standard deviation
/// @param rowSpread logarithmic spread of the deviation between rows, as output channels of trained matrices have
/// it
record WeightLaw(float mean, float deviation, float rowSpread) {

    private static final float NORM_DEVIATION = 0.05f;
    private static final float BIAS_DEVIATION = 0.02f;
    private static final float ROW_SPREAD = 0.25f;

    /// The law of a tensor, by the ending of its canonical name and its rank.
    static WeightLaw of(String canonical, Shape shape) {
        if (canonical.endsWith(".bias")) {
            return new WeightLaw(0, BIAS_DEVIATION, 0);
        }
        if (!canonical.endsWith(".weight")) {
            return new WeightLaw(0, (float) (1 / Math.sqrt(Math.max(1, last(shape)))), 0);
        }
        if (shape.rank() < 2) {
            return new WeightLaw(1, NORM_DEVIATION, 0);
        }
        double fanIn = (double) shape.elements() / shape.dim(0);
        return new WeightLaw(0, (float) (1 / Math.sqrt(fanIn)), ROW_SPREAD);
    }

    private static long last(Shape shape) {
        return shape.rank() == 0 ? 1 : shape.dim(-1);
    }

    /// The law of one row.
    ///
    /// @param draw standard normal
    WeightLaw row(float draw) {
        if (rowSpread == 0) {
            return this;
        }
        float bounded = Math.clamp(draw, -3f, 3f);
        float factor = (float) StrictMath.exp(rowSpread * bounded - rowSpread * rowSpread);
        return new WeightLaw(mean, deviation * factor, 0);
    }
}
