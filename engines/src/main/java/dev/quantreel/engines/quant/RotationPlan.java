package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Optional;

/// Whether and how the inputs of the quantized linears are rotated.
public sealed interface RotationPlan {

    /// No rotation.
    record None() implements RotationPlan {}

    /// A random-sign block Hadamard rotation, [Rotation].
    ///
    /// @param blockSize channels per block; where it does not divide a width, the largest power of two that does
    /// @param seed of the signs
    record Hadamard(int blockSize, long seed) implements RotationPlan {
        public Hadamard {
            Rotation.of(blockSize, blockSize, seed);
        }
    }

    /// The rotation of an input of `width` channels.
    default Optional<Rotation> at(int width) {
        return switch (this) {
            case None() -> Optional.empty();
            case Hadamard(int blockSize, long seed) -> Optional.of(Rotation.of(width, blockSize, seed));
        };
    }
}
