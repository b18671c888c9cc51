package dev.quantreel.engines.cache;

/// Linear least squares by Householder reflections, for a handful of columns.
final class LeastSquares {

    /// Diagonals below this fraction of the largest one count as dependent columns.
    private static final double DEPENDENT = 1e-13;

    private LeastSquares() {}

    /// @param rows one per equation, the right side last; overwritten
    /// @return one value per column but the last
    /// @throws IllegalArgumentException when the columns depend on each other
    static double[] solve(double[][] rows) {
        int columns = rows[0].length - 1;
        double largest = 0;
        for (int column = 0; column < columns; column++) {
            reflect(rows, column);
            largest = Math.max(largest, Math.abs(rows[column][column]));
        }
        double[] solved = new double[columns];
        for (int column = columns - 1; column >= 0; column--) {
            if (Math.abs(rows[column][column]) <= DEPENDENT * largest) {
                throw new IllegalArgumentException(
                        "the steps do not tell the powers apart; take a lower degree or more runs");
            }
            double sum = rows[column][columns];
            for (int other = column + 1; other < columns; other++) {
                sum -= rows[column][other] * solved[other];
            }
            solved[column] = sum / rows[column][column];
        }
        return solved;
    }

    /// Makes everything below the diagonal of a column zero.
    private static void reflect(double[][] rows, int column) {
        double squares = 0;
        for (int i = column; i < rows.length; i++) {
            squares += rows[i][column] * rows[i][column];
        }
        double norm = Math.sqrt(squares);
        double head = rows[column][column];
        if (norm == 0) {
            return;
        }
        double diagonal = head > 0 ? -norm : norm;
        double[] normal = new double[rows.length];
        for (int i = column; i < rows.length; i++) {
            normal[i] = rows[i][column];
        }
        normal[column] = head - diagonal;
        double half = squares - head * diagonal;
        for (int other = column; other < rows[0].length; other++) {
            double dot = 0;
            for (int i = column; i < rows.length; i++) {
                dot += normal[i] * rows[i][other];
            }
            for (int i = column; i < rows.length; i++) {
                rows[i][other] -= dot / half * normal[i];
            }
        }
    }
}
