package dev.quantreel.engines.cache;

import dev.quantreel.engines.cache.StepCache.Watched;
import java.util.ArrayList;
import java.util.List;

/// A polynomial for [TeaCache], fitted by least squares to what a run showed.
///
/// @param model name for people
/// @param watched the signal it was fitted to
/// @param coefficients highest power first
/// @param thresholds suggested, the first the usual one
public record TeaCacheFit(String model, Watched watched, List<Double> coefficients, List<Double> thresholds)
        implements SignalEstimate {

    /// Highest degree that is fitted; the published polynomials have it.
    public static final int MAX_DEGREE = 4;

    private static final double USUAL_THRESHOLD = 0.1;

    public TeaCacheFit {
        coefficients = List.copyOf(coefficients);
        thresholds = List.copyOf(thresholds);
        if (coefficients.isEmpty() || thresholds.isEmpty()) {
            throw new IllegalArgumentException("a polynomial needs a coefficient, and a threshold to be used with");
        }
        for (double coefficient : coefficients) {
            if (!Double.isFinite(coefficient)) {
                throw new IllegalArgumentException("a coefficient is " + coefficient + ", expected a finite number");
            }
        }
    }

    /// A polynomial from elsewhere, at the threshold 0.1.
    public static TeaCacheFit of(Watched watched, List<Double> coefficients) {
        return new TeaCacheFit("own polynomial", watched, coefficients, List.of(USUAL_THRESHOLD));
    }

    /// One step of a run.
    ///
    /// @param signal relative L1 change of the watched signal
    /// @param output relative L1 change of the model's output
    public record Point(double signal, double output) {}

    /// Least squares through the points. Columns are scaled and the normal equations avoided (Householder), since the
    /// powers of small changes are many orders of magnitude apart.
    ///
    /// @param degree 1 to [#MAX_DEGREE]
    /// @throws IllegalArgumentException when there are too few different points, or one is not finite
    public static TeaCacheFit fit(String model, Watched watched, List<Point> points, int degree) {
        if (degree < 1 || degree > MAX_DEGREE) {
            throw new IllegalArgumentException("the degree is " + degree + ", expected 1 to " + MAX_DEGREE);
        }
        for (Point point : points) {
            if (!Double.isFinite(point.signal) || !Double.isFinite(point.output)) {
                throw new IllegalArgumentException("a step has the changes " + point.signal + " and " + point.output
                        + ", expected finite numbers");
            }
        }
        long different = points.stream().mapToDouble(Point::signal).distinct().count();
        if (different <= degree) {
            throw new IllegalArgumentException("a polynomial of degree " + degree + " needs at least " + (degree + 1)
                    + " steps with different changes, there are " + different);
        }
        double largest = points.stream().mapToDouble(Point::signal).max().orElse(1);
        double scale = largest > 0 ? largest : 1;
        double[][] rows = new double[points.size()][degree + 2];
        for (int i = 0; i < rows.length; i++) {
            double power = 1;
            for (int column = degree; column >= 0; column--) {
                rows[i][column] = power;
                power *= points.get(i).signal / scale;
            }
            rows[i][degree + 1] = points.get(i).output;
        }
        double[] solved = LeastSquares.solve(rows);
        List<Double> coefficients = new ArrayList<>();
        for (int column = 0; column <= degree; column++) {
            coefficients.add(solved[column] / Math.pow(scale, degree - column));
        }
        return new TeaCacheFit(model, watched, coefficients, List.of(USUAL_THRESHOLD));
    }

    /// Root of the mean squared error over the points, against the standard deviation of their outputs: 0 is a perfect
    /// fit, 1 one that says no more than the mean.
    public double relativeError(List<Point> points) {
        double mean = points.stream().mapToDouble(Point::output).average().orElse(0);
        double errors = 0;
        double deviations = 0;
        for (Point point : points) {
            errors += Math.pow(estimate(point.signal) - point.output, 2);
            deviations += Math.pow(point.output - mean, 2);
        }
        return deviations == 0 ? (errors == 0 ? 0 : Double.POSITIVE_INFINITY) : Math.sqrt(errors / deviations);
    }

    /// The coefficients as the TeaCache node takes them.
    public String text() {
        return String.join(", ", coefficients.stream().map(String::valueOf).toList());
    }
}
