package dev.quantreel.engines.algebra;

import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Optional;
import java.util.SplittableRandom;

/// The part of a matrix that belongs to its largest singular values, as a product `up down`.
///
/// Found by subspace iteration from random directions (Halko, Martinsson and Tropp, 2011): products with the matrix and
/// its transpose in turns, of [#SPARE] more directions than asked for, orthonormalised in double precision; the small
/// projected problem is solved by Jacobi rotations. Its energy is within a fraction of a percent of the best of this
/// rank, and only the leading directions are computed.
///
/// @param up `[rows, rank]`, orthonormal columns
/// @param down `[rank, columns]`, the singular values in it, falling
public record LowRank(Matrix up, Matrix down) {

    private static final int SPARE = 8;
    private static final int ROUNDS = 4;
    private static final long SEED = 0x5EED;

    /// @param rank at least 1; no more than rows and columns is found
    /// @param start directions to begin with, `[rank, columns]`: a solution of a similar matrix, which then takes
    /// fewer rounds
    public static LowRank of(Matrix a, int rank, Optional<Matrix> start, ParallelPieces pieces) {
        int smaller = Math.min(a.rows(), a.columns());
        int found = Math.min(rank, smaller);
        int width = Math.min(rank + SPARE, smaller);
        Matrix directions = begin(a.columns(), width, start);
        Matrix left = a.times(directions, pieces);
        for (int round = start.isPresent() ? ROUNDS / 2 : 0; round < ROUNDS; round++) {
            orthonormalise(left);
            Matrix right = a.transposedTimes(left, pieces);
            orthonormalise(right);
            left = a.times(right, pieces);
        }
        orthonormalise(left);
        Matrix projected = left.transposedTimes(a, pieces);
        Matrix turn = new SymmetricEigen(width, gram(projected)).leading(found);
        return new LowRank(left.times(turn, pieces), turn.transposedTimes(projected, pieces));
    }

    /// `up down`.
    public Matrix product(ParallelPieces pieces) {
        return up.times(down, pieces);
    }

    private static Matrix begin(int columns, int width, Optional<Matrix> start) {
        SplittableRandom random = new SplittableRandom(SEED);
        Matrix directions = Matrix.zeros(columns, width);
        int known = start.map(Matrix::rows).orElse(0);
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j < width; j++) {
                double value = j < known ? start.orElseThrow().at(j, i) : random.nextGaussian();
                directions.values()[i * width + j] = (float) value;
            }
        }
        return directions;
    }

    /// Gram-Schmidt on the columns, twice, in double precision; a column without anything new becomes zero.
    static void orthonormalise(Matrix matrix) {
        int rows = matrix.rows();
        int width = matrix.columns();
        double[][] columns = new double[width][rows];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < width; j++) {
                columns[j][i] = matrix.at(i, j);
            }
        }
        for (int j = 0; j < width; j++) {
            double before = norm(columns[j]);
            for (int pass = 0; pass < 2; pass++) {
                for (int earlier = 0; earlier < j; earlier++) {
                    subtractProjection(columns[j], columns[earlier]);
                }
            }
            double after = norm(columns[j]);
            double scale = after > 1e-7 * before && after > 0 ? 1 / after : 0;
            for (int i = 0; i < rows; i++) {
                columns[j][i] *= scale;
                matrix.values()[i * width + j] = (float) columns[j][i];
            }
        }
    }

    private static void subtractProjection(double[] column, double[] unit) {
        double product = dot(column, unit);
        for (int i = 0; i < column.length; i++) {
            column[i] -= product * unit[i];
        }
    }

    private static double norm(double[] column) {
        return Math.sqrt(dot(column, column));
    }

    /// Four sums, of which none waits for another.
    private static double dot(double[] a, double[] b) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int whole = a.length - a.length % 4;
        for (int i = 0; i < whole; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (int i = whole; i < a.length; i++) {
            s0 += a[i] * b[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    private static double[] gram(Matrix projected) {
        int n = projected.rows();
        double[] gram = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < projected.columns(); k++) {
                    sum += (double) projected.at(i, k) * projected.at(j, k);
                }
                gram[i * n + j] = sum;
                gram[j * n + i] = sum;
            }
        }
        return gram;
    }
}
