package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Gives fresh noise, drawn one tensor after the other. Not thread-safe.
@FunctionalInterface
public interface NoiseSource {

    /// F32 standard normal values, others at each call.
    Tensor next(Shape shape);
}
