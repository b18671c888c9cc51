package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Sinusoidal features of a timestep: the cosines of `timestep * 10000^(-j / half)`, then the sines; in double
/// precision as Wan computes them.
final class TimeFeatures {

    private static final double PERIOD = 10_000;

    private TimeFeatures() {}

    /// @return F32 `[1, size]`
    static Tensor of(float timestep, int size) {
        int half = size / 2;
        float[] features = new float[size];
        for (int j = 0; j < half; j++) {
            double angle = timestep * Math.pow(PERIOD, -(double) j / half);
            features[j] = (float) Math.cos(angle);
            features[half + j] = (float) Math.sin(angle);
        }
        return Tensor.of(Shape.of(1, size), features);
    }
}
