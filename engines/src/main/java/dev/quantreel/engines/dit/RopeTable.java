package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// The rotary position table of one clip size, computed in double precision. Tokens are ordered frame, row, column.
///
/// The pairs of a head are shared out to the three axes as Wan does: a third of the head (rounded down to even)
/// each for rows and columns, the rest for time, in the order time, rows, columns; theta is 10000.
///
/// @param cos F32 `[tokens, headDim / 2]`
/// @param sin like `cos`
record RopeTable(Tensor cos, Tensor sin) {

    private static final double THETA = 10_000;

    static RopeTable of(int headDim, TokenGrid grid) {
        int spatial = 2 * (headDim / 6);
        int[] sizes = {headDim - 2 * spatial, spatial, spatial};
        Shape shape = Shape.of(grid.tokens(), headDim / 2);
        RopeTable table = new RopeTable(Tensor.zeros(DType.F32, shape), Tensor.zeros(DType.F32, shape));
        long offset = 0;
        for (int frame = 0; frame < grid.frames(); frame++) {
            for (int row = 0; row < grid.rows(); row++) {
                for (int column = 0; column < grid.columns(); column++) {
                    int[] position = {frame, row, column};
                    for (int axis = 0; axis < sizes.length; axis++) {
                        for (int j = 0; j < sizes[axis] / 2; j++) {
                            double angle = position[axis] * Math.pow(THETA, -2.0 * j / sizes[axis]);
                            table.cos.data().set(Tensor.FLOAT, offset, (float) Math.cos(angle));
                            table.sin.data().set(Tensor.FLOAT, offset, (float) Math.sin(angle));
                            offset += Float.BYTES;
                        }
                    }
                }
            }
        }
        return table;
    }
}
