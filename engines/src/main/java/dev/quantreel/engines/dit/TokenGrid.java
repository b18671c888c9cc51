package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// How the tokens of a clip lie, one per patch; ordered frame, row, column.
///
/// @param frames patches in time
/// @param rows rows of patches
/// @param columns columns of patches
public record TokenGrid(int frames, int rows, int columns) {

    public long tokens() {
        return (long) frames * rows * columns;
    }

    /// I64 `[3]`, as head graphs read it.
    public Tensor tensor() {
        return Tensor.ofLongs(Shape.of(3), frames, rows, columns);
    }
}
