package dev.quantreel.engines.quant;

import java.util.Arrays;

/// The codebook with the least squared error (Lloyd 1982, Max 1960) for one coordinate of a random direction in `n`
/// dimensions, density `∝ (1 - v²)^((n-3)/2)`, as OrbitQuant uses it for rotated rows and tokens: it depends on `n` and
/// the bits alone. Coordinates are scaled by `√n`, so that their variance is 1; for large `n` they are Gaussian.
///
/// The centroids are symmetric and rise; boundaries are the means of neighbours. A surrogate of 8-bit integers,
/// `centroid ≈ unit * level * √n`, lets products stay in integers.
public final class LloydMax {

    /// The most bits whose centroids 8-bit integers hold apart.
    public static final int LARGEST_BITS = 6;

    /// Points of the density, on the positive side.
    private static final int POINTS = 1 << 14;

    /// The density ends after so many standard deviations.
    private static final double REACH = 9;

    private static final int MAX_TURNS = 20_000;
    private static final double SETTLED = 1e-9;

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
    /// @param dimensions n, at least 1; below 4 the density of 4 is taken
    /// @param bits 2 to 6
    public static LloydMax of(int dimensions, int bits) {
        if (dimensions < 1 || bits < 2 || bits > LARGEST_BITS) {
            throw new IllegalArgumentException("a Lloyd-Max codebook takes 1 dimension or more and 2 to " + LARGEST_BITS
                    + " bits, got " + dimensions + " and " + bits);
        }
        double[] half = half(new Density(Math.max(dimensions, 4)), 1 << (bits - 1));
        double[] all = new double[2 * half.length];
        for (int i = 0; i < half.length; i++) {
            all[half.length + i] = half[i];
            all[half.length - 1 - i] = -half[i];
        }
        return new LloydMax(dimensions, all);
    }

    /// Centroids at variance 1, rising; a copy.
    public double[] centroids() {
        return centroids.clone();
    }

    /// The integers that stand for the centroids, -127 to 127.
    CodeValues.Table table() {
        return CodeValues.Table.of(levels);
    }

    /// What one step of the integers is worth to a vector of length 1.
    public double unit() {
        return unit / Math.sqrt(dimensions);
    }

    /// Mass and first moment of the positive side, up to every point.
    private static final class Density {
        private final double spacing;
        private final double[] mass = new double[POINTS + 1];
        private final double[] moment = new double[POINTS + 1];

        Density(int dimensions) {
            spacing = Math.min(REACH, Math.sqrt(dimensions)) / POINTS;
            for (int i = 0; i < POINTS; i++) {
                double t = (i + 0.5) * spacing;
                double weight = Math.exp((dimensions - 3) / 2.0 * Math.log1p(-t * t / dimensions)) * spacing;
                mass[i + 1] = mass[i] + weight;
                moment[i + 1] = moment[i] + weight * t;
            }
        }

        double end() {
            return spacing * POINTS;
        }

        /// Mean of the density between two places.
        double mean(double from, double to) {
            double weight = at(mass, to) - at(mass, from);
            return weight > 0 ? (at(moment, to) - at(moment, from)) / weight : (from + to) / 2;
        }

        private double at(double[] sums, double place) {
            double position = Math.min(place / spacing, POINTS);
            int index = (int) Math.min(position, POINTS - 1);
            return sums[index] + (position - index) * (sums[index + 1] - sums[index]);
        }
    }

    /// The positive centroids: every centroid the mean of its cell, every cell's end the mean of two centroids.
    private static double[] half(Density density, int count) {
        double[] centroids = new double[count];
        double span = Math.min(density.end(), 4);
        Arrays.setAll(centroids, i -> (i + 0.5) * span / count);
        for (int turn = 0; turn < MAX_TURNS; turn++) {
            double moved = 0;
            double from = 0;
            for (int i = 0; i < count; i++) {
                double to = i + 1 < count ? (centroids[i] + centroids[i + 1]) / 2 : density.end();
                double mean = density.mean(from, to);
                moved = Math.max(moved, Math.abs(mean - centroids[i]));
                centroids[i] = mean;
                from = to;
            }
            if (moved < SETTLED) {
                break;
            }
        }
        return centroids;
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
