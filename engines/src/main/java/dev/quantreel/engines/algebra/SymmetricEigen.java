package dev.quantreel.engines.algebra;

import java.util.Comparator;
import java.util.stream.IntStream;

/// Eigenvectors of a small symmetric matrix by cyclic Jacobi rotations.
final class SymmetricEigen {

    private static final int SWEEPS = 30;
    private static final double TOLERANCE = 1e-14;

    private final int n;
    private final double[] matrix;
    private final double[] vectors;

    /// @param matrix symmetric, `n * n`; destroyed
    SymmetricEigen(int n, double[] matrix) {
        this.n = n;
        this.matrix = matrix;
        this.vectors = new double[n * n];
        for (int i = 0; i < n; i++) {
            vectors[i * n + i] = 1;
        }
        for (int sweep = 0; sweep < SWEEPS && offDiagonal() > TOLERANCE; sweep++) {
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    rotate(p, q);
                }
            }
        }
    }

    /// Eigenvectors of the largest eigenvalues, falling, as columns.
    Matrix leading(int count) {
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -matrix[i * n + i]))
                .mapToInt(Integer::intValue)
                .toArray();
        Matrix result = Matrix.zeros(n, count);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < count; j++) {
                result.values()[i * count + j] = (float) vectors[i * n + order[j]];
            }
        }
        return result;
    }

    /// Share of the energy that is off the diagonal.
    private double offDiagonal() {
        double off = 0;
        double all = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double square = matrix[i * n + j] * matrix[i * n + j];
                all += square;
                off += i == j ? 0 : square;
            }
        }
        return all == 0 ? 0 : off / all;
    }

    private void rotate(int p, int q) {
        double pq = matrix[p * n + q];
        if (pq == 0) {
            return;
        }
        double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * pq);
        double tangent = Math.signum(theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        tangent = theta == 0 ? 1 : tangent;
        double cosine = 1 / Math.sqrt(tangent * tangent + 1);
        double sine = tangent * cosine;
        for (int k = 0; k < n; k++) {
            turn(matrix, k * n + p, k * n + q, cosine, sine);
        }
        for (int k = 0; k < n; k++) {
            turn(matrix, p * n + k, q * n + k, cosine, sine);
        }
        for (int k = 0; k < n; k++) {
            turn(vectors, k * n + p, k * n + q, cosine, sine);
        }
    }

    private static void turn(double[] values, int first, int second, double cosine, double sine) {
        double a = values[first];
        double b = values[second];
        values[first] = cosine * a - sine * b;
        values[second] = sine * a + cosine * b;
    }
}
