package dev.quantreel.engines.quant;

import java.util.Arrays;

/// A [LloydMaxCodebook] for rows of weights, with 8-bit integers in the ratios of its centroids,
/// `centroid ≈ unit * level * √n`, so that products stay in integers. Unlike the integers that stand for activations,
/// which must fill the byte, these have the scale that fits all centroids best.
final class LloydMax {

    /// The most bits whose centroids 8-bit integers hold apart.
    static final int LARGEST_BITS = 6;

    /// The fewest dimensions of a codebook; vectors with fewer take it, too.
    private static final int SMALLEST = 8;

    private final int dimensions;
    private final double[] centroids;
    private final int[] levels;
    private final double unit;

    private LloydMax(int dimensions, double[] centroids) {
        this.dimensions = dimensions;
        this.centroids = centroids;
        this.levels = new int[centroids.length];
        this.unit = surrogate(centroids, levels);
    }

    /// Computes a codebook.
    ///
    /// @param dimensions n, at least 1
    /// @param bits 2 to 6
    static LloydMax of(int dimensions, int bits) {
        if (dimensions < 1 || bits < 2 || bits > LARGEST_BITS) {
            throw new IllegalArgumentException("a Lloyd-Max codebook takes 1 dimension or more and 2 to " + LARGEST_BITS
                    + " bits, got " + dimensions + " and " + bits);
        }
        LloydMaxCodebook book = LloydMaxCodebook.of(Math.max(dimensions, SMALLEST), bits);
        double[] centroids = new double[book.size()];
        Arrays.setAll(centroids, book::centroid);
        return new LloydMax(dimensions, centroids);
    }

    /// Centroids at variance 1, rising; a copy.
    double[] centroids() {
        return centroids.clone();
    }

    /// The integers that stand for the centroids, -127 to 127.
    CodeValues.Table table() {
        return CodeValues.Table.of(levels);
    }

    /// What one step of the integers is worth to a vector of length 1.
    double unit() {
        return unit / Math.sqrt(dimensions);
    }

    /// Integers in the ratios of the centroids: of all scales that use the byte, the one with the least squared error,
    /// each centroid counting alike.
    ///
    /// @return what one integer step is worth
    private static double surrogate(double[] centroids, int[] levels) {
        double largest = centroids[centroids.length - 1];
        double bestUnit = largest / 127;
        double least = Double.POSITIVE_INFINITY;
        for (double top = 127.49; top >= 90; top -= 0.01) {
            double unit = largest / top;
            double error = 0;
            for (double centroid : centroids) {
                double difference = unit * Math.clamp(Math.rint(centroid / unit), -127, 127) - centroid;
                error += difference * difference;
            }
            if (error < least) {
                least = error;
                bestUnit = unit;
            }
        }
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (int) Math.clamp(Math.rint(centroids[i] / bestUnit), -127, 127);
        }
        return bestUnit;
    }
}
