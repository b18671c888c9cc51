package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Optional;

/// Whether and how the inputs of the quantized linears are rotated.
public sealed interface RotationPlan {

    /// No rotation.
    record None() implements RotationPlan {}

    /// A random-sign block Hadamard rotation, [Rotation].
    ///
    /// @param blockSize channels per block; where it does not divide a width, the largest power of two below it
    /// that does
    /// @param seed of the signs
    record Hadamard(int blockSize, long seed) implements RotationPlan {
        public Hadamard {
            Rotation.of(blockSize, blockSize, seed);
        }
    }

    /// A random-sign Hadamard rotation of all channels at once where a matrix of that order is known (`K * 2^m`), else
    /// in blocks of the largest power of two that divides them. Dear where K is large: 8,960 channels take a dense
    /// product of 140.
    ///
    /// @param seed of the signs
    record Full(long seed) implements RotationPlan {}

    /// OrbitQuant's RPBH, [Rotation#permuted].
    ///
    /// @param seed of permutation and signs
    record Permuted(long seed) implements RotationPlan {}

    /// ConvRot's regular Hadamard matrix without signs, [Rotation#regular].
    ///
    /// @param blockSize channels per block, a power of four; where it does not divide a width, the largest one that
    /// does
    record Regular(int blockSize) implements RotationPlan {
        public Regular {
            Rotation.regular(blockSize, blockSize);
        }
    }

    /// The rotation of an input of `width` channels.
    default Optional<Rotation> at(int width) {
        return switch (this) {
            case None() -> Optional.empty();
            case Hadamard(int blockSize, long seed) -> Optional.of(Rotation.of(width, blockSize, seed));
            case Full(long seed) -> Optional.of(Rotation.widest(width, seed));
            case Permuted(long seed) -> Optional.of(Rotation.permuted(width, seed));
            case Regular(int blockSize) -> Optional.of(Rotation.regular(width, blockSize));
        };
    }
}
