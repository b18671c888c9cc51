package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Sinusoidal features of timesteps: the cosines of `timestep * 10000^(-j / half)`, then the sines.
public final class TimeFeatures {

    private static final double PERIOD = 10_000;

    private TimeFeatures() {}

    /// In double precision, as Wan computes them.
    ///
    /// @param size even
    /// @param timesteps one or more
    /// @return F32 `[timesteps, size]`
    public static Tensor of(int size, float... timesteps) {
        int half = size / 2;
        float[] features = new float[size * timesteps.length];
        for (int i = 0; i < timesteps.length; i++) {
            for (int j = 0; j < half; j++) {
                double angle = timesteps[i] * Math.pow(PERIOD, -(double) j / half);
                features[i * size + j] = (float) Math.cos(angle);
                features[i * size + half + j] = (float) Math.sin(angle);
            }
        }
        return Tensor.of(Shape.of(timesteps.length, size), features);
    }

    /// With frequencies and angles rounded to single precision, as HunyuanVideo and diffusers compute them. At angles
    /// of thousands that differs from [#of] in the fourth decimal.
    ///
    /// @param size even
    /// @param timesteps one or more
    /// @return F32 `[timesteps, size]`
    public static Tensor single(int size, float... timesteps) {
        int half = size / 2;
        float logarithm = (float) -Math.log(PERIOD);
        float[] features = new float[size * timesteps.length];
        for (int i = 0; i < timesteps.length; i++) {
            for (int j = 0; j < half; j++) {
                float frequency = (float) Math.exp(logarithm * j / half);
                float angle = timesteps[i] * frequency;
                features[i * size + j] = (float) Math.cos(angle);
                features[i * size + half + j] = (float) Math.sin(angle);
            }
        }
        return Tensor.of(Shape.of(timesteps.length, size), features);
    }
}
