package dev.quantreel.engines.quant;

import java.util.Arrays;

/// The Lloyd-Max codebook of one coordinate of a random unit vector: the `2^bits` values with the least mean squared
/// error for the density `(1 - v²)^((channels - 3) / 2)`, which is close to that of `N(0, 1 / channels)` (OrbitQuant).
/// Values are in units of `1 / sqrt(channels)`, the rms of a coordinate. Symmetric about 0, depends on channels and
/// bits alone; computed with [StrictMath], so that every machine finds the same one. Immutable.
public final class LloydMaxCodebook {

    private static final int CELLS = 1 << 15;
    private static final double FARTHEST = 9;
    private static final int ROUNDS = 4000;
    private static final double SETTLED = 1e-9;

    private final double[] centroids;

    private LloydMaxCodebook(double[] centroids) {
        this.centroids = centroids;
    }

    /// @param channels 8 or more
    /// @param bits 1 to 8
    public static LloydMaxCodebook of(int channels, int bits) {
        if (channels < 8 || bits < 1 || bits > 8) {
            throw new IllegalArgumentException("a codebook takes 8 channels or more and 1 to 8 bits, got " + channels
                    + " channels and " + bits + " bits");
        }
        Density density = new Density(channels);
        double[] upper = density.companded(1 << (bits - 1));
        double change = 1;
        for (int round = 0; round < ROUNDS && change > SETTLED; round++) {
            change = density.improve(upper);
        }
        double[] all = new double[2 * upper.length];
        for (int i = 0; i < upper.length; i++) {
            all[upper.length + i] = upper[i];
            all[upper.length - 1 - i] = -upper[i];
        }
        return new LloydMaxCodebook(all);
    }

    /// Number of values.
    public int size() {
        return centroids.length;
    }

    /// A value, in rising order.
    public double centroid(int index) {
        return centroids[index];
    }

    /// The largest value.
    public double top() {
        return centroids[centroids.length - 1];
    }

    /// The value that lies nearest; the boundaries are the midpoints.
    public int nearest(double value) {
        int low = 0;
        int high = centroids.length - 1;
        while (low < high) {
            int middle = (low + high) / 2;
            if (value < (centroids[middle] + centroids[middle + 1]) / 2) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /// A value as an integer, `rint(centroid * max / top)`, for integer products.
    public int surrogate(int index, int max) {
        return (int) Math.rint(centroids[index] * max / top());
    }

    /// Running integrals of the density and of its first moment over the positive half.
    private static final class Density {
        private final double width;
        private final double[] density = new double[CELLS + 1];
        private final double[] mass = new double[CELLS + 1];
        private final double[] moment = new double[CELLS + 1];

        Density(int channels) {
            double end = Math.min(StrictMath.sqrt(channels), FARTHEST);
            width = end / CELLS;
            for (int i = 0; i <= CELLS; i++) {
                double y = i * width;
                double inside = Math.max(0, 1 - y * y / channels);
                density[i] = StrictMath.pow(inside, (channels - 3) / 2.0);
            }
            for (int i = 1; i <= CELLS; i++) {
                mass[i] = mass[i - 1] + (density[i - 1] + density[i]) / 2;
                moment[i] = moment[i - 1] + (density[i - 1] * (i - 1) + density[i] * i) / 2;
            }
        }

        /// Start: values at even distances of the integral of the cube root of the density, which is best for many.
        double[] companded(int count) {
            double[] integral = new double[CELLS + 1];
            for (int i = 1; i <= CELLS; i++) {
                integral[i] = integral[i - 1] + StrictMath.cbrt(density[i]);
            }
            double[] values = new double[count];
            for (int k = 0; k < count; k++) {
                int at = Arrays.binarySearch(integral, integral[CELLS] * (k + 0.5) / count);
                values[k] = width * Math.min(CELLS, at < 0 ? -at - 1 : at);
            }
            return values;
        }

        /// One round of Lloyd's: every value becomes the mean of its interval.
        ///
        /// @return the largest change
        double improve(double[] values) {
            double change = 0;
            double from = 0;
            for (int k = 0; k < values.length; k++) {
                double to = k + 1 < values.length ? (values[k] + values[k + 1]) / 2 / width : CELLS;
                double weight = at(mass, to) - at(mass, from);
                double mean = width * (at(moment, to) - at(moment, from)) / weight;
                change = Math.max(change, Math.abs(mean - values[k]));
                values[k] = mean;
                from = to;
            }
            return change;
        }

        private static double at(double[] integral, double place) {
            int cell = Math.min((int) place, CELLS - 1);
            return integral[cell] + (place - cell) * (integral[cell + 1] - integral[cell]);
        }
    }
}
