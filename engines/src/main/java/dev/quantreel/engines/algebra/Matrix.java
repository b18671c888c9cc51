package dev.quantreel.engines.algebra;

import dev.quantreel.engines.internal.kernel.ProductKernels;
import dev.quantreel.engines.internal.kernel.ProductKernels.Extent;
import dev.quantreel.engines.internal.kernel.ProductKernels.Panel;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Arrays;

/// A dense F32 matrix, row by row in one array. Mutable through [#values]; sums run in F32, one fused multiply-add per
/// term.
public final class Matrix {

    /// Rows of a product that one thread computes at a time.
    private static final int PIECE = 64;

    /// Rows and columns of a tile that the first-level cache holds twice.
    private static final int SIDE = 32;

    /// Multiply-adds below which threads cost more than they bring.
    private static final long SMALL = 1 << 22;

    private final int rows;
    private final int columns;
    private final float[] values;

    private Matrix(int rows, int columns, float[] values) {
        this.rows = rows;
        this.columns = columns;
        this.values = values;
    }

    /// @throws IllegalArgumentException when an array cannot hold so many values
    public static Matrix zeros(int rows, int columns) {
        long count = (long) rows * columns;
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a matrix of " + rows + " x " + columns
                    + " has more values than one array holds, " + (Integer.MAX_VALUE - 8));
        }
        return new Matrix(rows, columns, new float[(int) count]);
    }

    /// A matrix over an array, which is not copied.
    public static Matrix of(int rows, int columns, float[] values) {
        if (values.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    "a matrix of " + rows + " x " + columns + " does not have " + values.length + " values");
        }
        return new Matrix(rows, columns, values);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /// The values themselves, row by row.
    public float[] values() {
        return values;
    }

    public float at(int row, int column) {
        return values[row * columns + column];
    }

    public Matrix copy() {
        return new Matrix(rows, columns, values.clone());
    }

    public void readRow(int row, float[] into) {
        System.arraycopy(values, row * columns, into, 0, columns);
    }

    /// `this b`.
    public Matrix times(Matrix b, ParallelPieces pieces) {
        require(columns == b.rows, b, "times");
        Matrix product = zeros(rows, b.columns);
        product.inPieces((long) columns * b.columns, pieces, (from, count) -> ProductKernels.best()
                .add(
                        new Extent(count, columns, b.columns),
                        Panel.rows(values, from * columns, columns),
                        Panel.rows(b.values, 0, b.columns),
                        Panel.rows(product.values, from * b.columns, b.columns)));
        return product;
    }

    /// `thisᵀ b`.
    public Matrix transposedTimes(Matrix b, ParallelPieces pieces) {
        require(rows == b.rows, b, "transposed times");
        Matrix product = zeros(columns, b.columns);
        product.inPieces((long) rows * b.columns, pieces, (from, count) -> ProductKernels.best()
                .add(
                        new Extent(count, rows, b.columns),
                        Panel.transposed(values, from, columns),
                        Panel.rows(b.values, 0, b.columns),
                        Panel.rows(product.values, from * b.columns, b.columns)));
        return product;
    }

    /// Adds `xᵀ x` to the upper triangle of this square matrix, and rounding of blocks to some of the lower;
    /// [#mirror] completes it.
    public void addGram(Matrix x, ParallelPieces pieces) {
        require(rows == columns && columns == x.columns, x, "plus the Gram matrix of");
        inPieces((long) x.rows * columns / 2, pieces, (from, count) -> ProductKernels.best()
                .add(
                        new Extent(count, x.rows, columns - from),
                        Panel.transposed(x.values, from, columns),
                        Panel.rows(x.values, from, columns),
                        Panel.rows(values, from * columns + from, columns)));
    }

    /// Copies the upper triangle into the lower one.
    public Matrix mirror() {
        inTiles((i, j) -> values[i * columns + j] = values[j * columns + i]);
        return this;
    }

    public Matrix transposed() {
        Matrix result = zeros(columns, rows);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                result.values[j * rows + i] = values[i * columns + j];
            }
        }
        return result;
    }

    /// Transposes a square matrix.
    public void transposeInPlace() {
        require(rows == columns, this, "transposed in place as");
        inTiles((i, j) -> {
            float below = values[i * columns + j];
            values[i * columns + j] = values[j * columns + i];
            values[j * columns + i] = below;
        });
    }

    private interface Place {
        void at(int row, int column);
    }

    /// Visits what is below the diagonal, tile by tile: a whole column of a wide matrix would leave the caches behind
    /// with every element.
    private void inTiles(Place place) {
        for (int i0 = 0; i0 < rows; i0 += SIDE) {
            for (int j0 = 0; j0 <= i0; j0 += SIDE) {
                for (int i = i0; i < Math.min(rows, i0 + SIDE); i++) {
                    for (int j = j0; j < Math.min(i, j0 + SIDE); j++) {
                        place.at(i, j);
                    }
                }
            }
        }
    }

    /// Puts rows and columns of a square matrix into another order, in place.
    ///
    /// @param order the row and column that comes first, second, ...: a permutation
    public void reorder(int[] order, ParallelPieces pieces) {
        require(rows == columns && order.length == rows, this, "in another order as");
        boolean[] placed = new boolean[rows];
        float[] saved = new float[columns];
        for (int first = 0; first < rows; first++) {
            if (!placed[first]) {
                readRow(first, saved);
                int to = first;
                for (int from = order[to]; from != first; from = order[to]) {
                    System.arraycopy(values, from * columns, values, to * columns, columns);
                    placed[to] = true;
                    to = from;
                }
                System.arraycopy(saved, 0, values, to * columns, columns);
                placed[to] = true;
            }
        }
        inPieces(columns, pieces, (from, count) -> {
            float[] row = new float[columns];
            for (int i = from; i < from + count; i++) {
                readRow(i, row);
                for (int j = 0; j < columns; j++) {
                    values[i * columns + j] = row[order[j]];
                }
            }
        });
    }

    /// `this - b`, new.
    public Matrix minus(Matrix b) {
        require(rows == b.rows && columns == b.columns, b, "minus");
        float[] difference = values.clone();
        for (int i = 0; i < difference.length; i++) {
            difference[i] -= b.values[i];
        }
        return new Matrix(rows, columns, difference);
    }

    /// Sum of squares.
    public double squareSum() {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    /// Computes some rows.
    interface Rows {
        void run(int from, int count);
    }

    /// Runs over the rows of this matrix.
    ///
    /// @param costPerRow multiply-adds
    void inPieces(long costPerRow, ParallelPieces pieces, Rows task) {
        if (costPerRow * rows < SMALL) {
            pieces.cancellation().throwIfCancelled();
            for (int from = 0; from < rows; from += PIECE) {
                task.run(from, Math.min(PIECE, rows - from));
            }
            return;
        }
        pieces.<ParallelPieces.Memory>run(
                Math.ceilDiv(rows, PIECE),
                () -> () -> {},
                (piece, none) -> task.run(piece * PIECE, Math.min(PIECE, rows - piece * PIECE)));
    }

    private void require(boolean fits, Matrix b, String operation) {
        if (!fits) {
            throw new IllegalArgumentException("a matrix of " + rows + " x " + columns + " " + operation + " one of "
                    + b.rows + " x " + b.columns + " is not defined");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Matrix matrix
                && rows == matrix.rows
                && columns == matrix.columns
                && Arrays.equals(values, matrix.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * rows + columns) + Arrays.hashCode(values);
    }
}
