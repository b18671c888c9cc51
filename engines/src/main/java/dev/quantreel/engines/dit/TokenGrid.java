package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// How the tokens of a clip lie: one per patch of 2 x 2 latent cells.
///
/// @param frames latent frames
/// @param rows rows of patches
/// @param columns columns of patches
record TokenGrid(int frames, int rows, int columns) {

    /// Grid of a latent of `height` x `width` cells, padded to whole patches.
    static TokenGrid of(int frames, int height, int width) {
        return new TokenGrid(frames, Math.ceilDiv(height, WanConfig.PATCH), Math.ceilDiv(width, WanConfig.PATCH));
    }

    long tokens() {
        return (long) frames * rows * columns;
    }

    /// I64 `[3]`, as the head graph reads it.
    Tensor tensor() {
        return Tensor.ofLongs(Shape.of(3), frames, rows, columns);
    }
}
