package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/// The rotary position table of one clip size, computed in double precision. Tokens are ordered frame, row, column; the
/// pairs of a head are shared out to the axes time, rows, columns, in this order.
///
/// @param cos F32 `[tokens, headDim / 2]`
/// @param sin like `cos`
public record RopeTable(Tensor cos, Tensor sin) {

    /// Angle of pair j of an axis of size d at position p: `p * theta^(-2j / d)`.
    ///
    /// @param axes even sizes of time, rows and columns; their sum is the head's size
    /// @param unrotated tokens after those of the clip whose angles are 0, as text in joint attention has
    public static RopeTable of(TokenGrid grid, List<Integer> axes, double theta, int unrotated) {
        return of(List.of(upTo(grid.frames()), upTo(grid.rows()), upTo(grid.columns())), axes, theta, unrotated);
    }

    /// Like [#of(TokenGrid, List, double, int)], for clips whose patches do not lie at whole numbers.
    ///
    /// @param positions of the frames, rows and columns of patches
    public static RopeTable of(List<double[]> positions, List<Integer> axes, double theta, int unrotated) {
        int half = axes.stream().mapToInt(Integer::intValue).sum() / 2;
        long tokens = positions.stream().mapToLong(places -> places.length).reduce(1, (a, b) -> a * b);
        Shape shape = Shape.of(tokens + unrotated, half);
        RopeTable table = new RopeTable(Tensor.zeros(DType.F32, shape), Tensor.zeros(DType.F32, shape));
        long offset = 0;
        for (double frame : positions.get(0)) {
            for (double row : positions.get(1)) {
                for (double column : positions.get(2)) {
                    double[] position = {frame, row, column};
                    for (int axis = 0; axis < axes.size(); axis++) {
                        int size = axes.get(axis);
                        for (int j = 0; j < size / 2; j++) {
                            table.set(offset, position[axis] * Math.pow(theta, -2.0 * j / size));
                            offset += Float.BYTES;
                        }
                    }
                }
            }
        }
        while (offset < table.cos.data().byteSize()) {
            table.set(offset, 0);
            offset += Float.BYTES;
        }
        return table;
    }

    private static double[] upTo(int count) {
        return IntStream.range(0, count).asDoubleStream().toArray();
    }

    private void set(long offset, double angle) {
        cos.data().set(Tensor.FLOAT, offset, (float) Math.cos(angle));
        sin.data().set(Tensor.FLOAT, offset, (float) Math.sin(angle));
    }
}
