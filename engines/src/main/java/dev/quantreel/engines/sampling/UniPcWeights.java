package dev.quantreel.engines.sampling;

import java.util.Arrays;

/// The weights ρ of UniPC's divided differences (equation 9 of arXiv 2302.04867): they match the exponential integral
/// of every polynomial up to the order. Order 1 and 2 have the paper's fixed 1/2.
final class UniPcWeights {

    private UniPcWeights() {}

    /// @param nodes earlier levels in units of the step
    /// @param h the step in λ, negative
    /// @param corrects whether the level stepped to is a node as well, at 1
    /// @return a weight per node, and one for the level stepped to where it corrects
    static double[] of(double[] nodes, double h, Multistep.Step step, boolean corrects) {
        int count = nodes.length + (corrects ? 1 : 0);
        if (count == 1) {
            return new double[] {0.5};
        }
        double[] points = Arrays.copyOf(nodes, count);
        if (corrects) {
            points[count - 1] = 1;
        }
        double[][] powers = new double[count][count];
        double[] right = new double[count];
        double b = step == Multistep.Step.BH1 ? h : Math.expm1(h);
        double phi = Math.expm1(h) / h - 1;
        double factorial = 1;
        for (int row = 0; row < count; row++) {
            for (int column = 0; column < count; column++) {
                powers[row][column] = Math.pow(points[column], row);
            }
            right[row] = phi * factorial / b;
            factorial *= row + 2;
            phi = phi / h - 1 / factorial;
        }
        return solve(powers, right);
    }

    /// Gaussian elimination with the largest pivot of each column.
    private static double[] solve(double[][] matrix, double[] right) {
        int n = right.length;
        for (int column = 0; column < n; column++) {
            int pivot = column;
            for (int row = column + 1; row < n; row++) {
                if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) {
                    pivot = row;
                }
            }
            swap(matrix, right, column, pivot);
            for (int row = column + 1; row < n; row++) {
                double factor = matrix[row][column] / matrix[column][column];
                for (int k = column; k < n; k++) {
                    matrix[row][k] -= factor * matrix[column][k];
                }
                right[row] -= factor * right[column];
            }
        }
        for (int row = n - 1; row >= 0; row--) {
            for (int k = row + 1; k < n; k++) {
                right[row] -= matrix[row][k] * right[k];
            }
            right[row] /= matrix[row][row];
        }
        return right;
    }

    private static void swap(double[][] matrix, double[] right, int a, int b) {
        double[] row = matrix[a];
        matrix[a] = matrix[b];
        matrix[b] = row;
        double value = right[a];
        right[a] = right[b];
        right[b] = value;
    }
}
