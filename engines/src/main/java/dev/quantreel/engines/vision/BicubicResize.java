package dev.quantreel.engines.vision;

import dev.quantreel.engines.video.Frames;

/// Resizes pictures by Keys' cubic with a = −1/2, widened by the factor of reduction: as PIL, and torch with
/// antialiasing, do.
final class BicubicResize {

    private static final double SUPPORT = 2;
    private static final double A = -0.5;

    private BicubicResize() {}

    /// @return `height * width * 3` values in the order row, column, channel
    static float[] of(Frames frames, int picture, int height, int width) {
        float[] columns = resized(frames.frame(picture), frames.height(), frames.width(), 3, width);
        return resized(columns, 1, frames.height(), 3 * width, height);
    }

    /// Resizes the middle one of three axes.
    private static float[] resized(float[] values, int outer, int from, int inner, int to) {
        if (from == to) {
            return values;
        }
        float[] result = new float[outer * to * inner];
        double scale = (double) from / to;
        double stretch = Math.max(1, scale);
        for (int target = 0; target < to; target++) {
            double centre = scale * (target + 0.5);
            int first = Math.max(0, (int) (centre - SUPPORT * stretch + 0.5));
            int end = Math.min(from, (int) (centre + SUPPORT * stretch + 0.5));
            double[] weights = weights(first, end, centre, stretch);
            for (int row = 0; row < outer; row++) {
                for (int i = 0; i < inner; i++) {
                    double sum = 0;
                    for (int source = first; source < end; source++) {
                        sum += weights[source - first] * values[(row * from + source) * inner + i];
                    }
                    result[(row * to + target) * inner + i] = (float) sum;
                }
            }
        }
        return result;
    }

    private static double[] weights(int first, int end, double centre, double stretch) {
        double[] weights = new double[end - first];
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
            weights[k] = cubic((first + k - centre + 0.5) / stretch);
            sum += weights[k];
        }
        for (int k = 0; k < weights.length; k++) {
            weights[k] /= sum;
        }
        return weights;
    }

    private static double cubic(double distance) {
        double x = Math.abs(distance);
        if (x < 1) {
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
    }
}
