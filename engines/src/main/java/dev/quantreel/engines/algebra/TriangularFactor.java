package dev.quantreel.engines.algebra;

import dev.quantreel.engines.internal.kernel.ProductKernels;
import dev.quantreel.engines.internal.kernel.ProductKernels.Extent;
import dev.quantreel.engines.internal.kernel.ProductKernels.Panel;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Arrays;
import java.util.Optional;

/// The upper triangular `U` with `H = U Uᵀ` of a symmetric positive definite matrix: a Cholesky factor counted from the
/// last row, so that its column `j` mixes what comes before `j`.
///
/// Blocked: sums within a block of [#BLOCK] columns run in double precision, updates of the rest are F32 products.
public final class TriangularFactor {

    private static final int BLOCK = 128;

    private TriangularFactor() {}

    /// Factors in place: the upper triangle of `h` becomes `U`, the lower one zero.
    ///
    /// @param h symmetric; only its upper triangle is read
    /// @return `h`, or empty when it is not positive definite in this precision; its content is lost then
    public static Optional<Matrix> of(Matrix h, ParallelPieces pieces) {
        if (h.rows() != h.columns()) {
            throw new IllegalArgumentException("a matrix of " + h.rows() + " x " + h.columns() + " is not square");
        }
        for (int end = h.rows(); end > 0; end -= Math.min(end, BLOCK)) {
            int start = Math.max(0, end - BLOCK);
            if (!factorDiagonal(h, start, end)) {
                return Optional.empty();
            }
            solveAbove(h, start, end, pieces);
            update(h, start, end, pieces);
        }
        for (int i = 1; i < h.rows(); i++) {
            Arrays.fill(h.values(), i * h.columns(), i * h.columns() + i, 0);
        }
        return Optional.of(h);
    }

    private static boolean factorDiagonal(Matrix h, int start, int end) {
        float[] values = h.values();
        int n = h.columns();
        for (int j = end - 1; j >= start; j--) {
            double pivot = values[j * n + j];
            for (int k = j + 1; k < end; k++) {
                pivot -= (double) values[j * n + k] * values[j * n + k];
            }
            if (!(pivot > 0) || !Float.isFinite((float) pivot)) {
                return false;
            }
            double root = Math.sqrt(pivot);
            values[j * n + j] = (float) root;
            for (int i = j - 1; i >= start; i--) {
                double sum = values[i * n + j];
                for (int k = j + 1; k < end; k++) {
                    sum -= (double) values[i * n + k] * values[j * n + k];
                }
                values[i * n + j] = (float) (sum / root);
            }
        }
        return true;
    }

    /// Rows above the block: `U_i = H_i U_block⁻ᵀ`. What is known of a row is taken off all that is not, so that the
    /// innermost loop has no sum to wait for.
    private static void solveAbove(Matrix h, int start, int end, ParallelPieces pieces) {
        float[] values = h.values();
        int n = h.columns();
        int size = end - start;
        double[] columns = new double[size * size]; // of the block, one behind the other
        for (int i = 0; i < size; i++) {
            for (int j = i; j < size; j++) {
                columns[j * size + i] = values[(start + i) * n + start + j];
            }
        }
        above(start).inPieces((long) size * size / 2, pieces, (from, count) -> {
            double[] row = new double[size];
            for (int i = from; i < from + count; i++) {
                for (int j = 0; j < size; j++) {
                    row[j] = values[i * n + start + j];
                }
                for (int j = size - 1; j >= 0; j--) {
                    float solved = (float) (row[j] / columns[j * size + j]);
                    values[i * n + start + j] = solved;
                    subtract(row, columns, j * size, solved, j);
                }
            }
        });
    }

    private static void subtract(double[] row, double[] columns, int offset, double factor, int count) {
        for (int k = 0; k < count; k++) {
            row[k] -= factor * columns[offset + k];
        }
    }

    /// What is above and left of the block: `H -= U_block U_blockᵀ`, upper triangle.
    private static void update(Matrix h, int start, int end, ParallelPieces pieces) {
        if (start == 0) {
            return;
        }
        float[] values = h.values();
        int n = h.columns();
        int size = end - start;
        float[] negated = new float[size * start];
        above(start).inPieces(size, pieces, (from, count) -> {
            for (int i = from; i < from + count; i++) {
                for (int k = 0; k < size; k++) {
                    negated[k * start + i] = -values[i * n + start + k];
                }
            }
        });
        above(start).inPieces((long) size * start / 2, pieces, (from, count) -> ProductKernels.best()
                .add(
                        new Extent(count, size, start - from),
                        Panel.rows(values, from * n + start, n),
                        Panel.rows(negated, from, start),
                        Panel.rows(values, from * n + from, n)));
    }

    /// The first rows, only to be counted.
    private static Matrix above(int count) {
        return Matrix.of(count, 0, new float[0]);
    }
}
