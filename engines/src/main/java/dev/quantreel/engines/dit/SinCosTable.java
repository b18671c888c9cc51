package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Sinusoidal position tables that are added to tokens, computed in double precision. A section of a row holds the
/// sines of `position * 10000^(-j / half)` of one axis, then the cosines.
public final class SinCosTable {

    private static final double PERIOD = 10_000;

    private final Tensor table;
    private final int width;

    private SinCosTable(int rows, int width) {
        this.table = Tensor.zeros(DType.F32, Shape.of(rows, width));
        this.width = width;
    }

    /// A table of zeros.
    ///
    /// @param rows places
    /// @param width of a token
    public static SinCosTable zeros(int rows, int width) {
        return new SinCosTable(rows, width);
    }

    /// Writes one section of one row.
    ///
    /// @param begin first column
    /// @param size columns, even
    /// @param position of the row along the section's axis
    public void set(int row, int begin, int size, double position) {
        int half = size / 2;
        for (int j = 0; j < half; j++) {
            double angle = position * Math.pow(PERIOD, -(double) j / half);
            put(row, begin + j, Math.sin(angle));
            put(row, begin + half + j, Math.cos(angle));
        }
    }

    private void put(int row, int column, double value) {
        table.data().set(Tensor.FLOAT, Float.BYTES * ((long) row * width + column), (float) value);
    }

    /// F32 `[rows, width]`.
    public Tensor tensor() {
        return table;
    }
}
