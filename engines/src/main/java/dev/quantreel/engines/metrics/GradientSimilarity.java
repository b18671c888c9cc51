package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.stream.IntStream;

/// Gradient magnitude similarity deviation (GMSD; Xue et al., 2014) on luma in [0, 1], halved in size by means of 2 x 2
/// pixels: Prewitt gradients where they fit whole, constant 170 / 255², sample standard deviation of the similarities.
/// A perceptual distance without a network: 0 for equal pictures, larger is worse.
public final class GradientSimilarity {

    /// Rows and columns a frame must have.
    public static final int LEAST_SIDE = 8;

    private static final double CONSTANT = 170.0 / (255 * 255);

    private GradientSimilarity() {}

    /// Mean over the frames.
    ///
    /// @throws IllegalArgumentException when the clips differ in shape or are smaller than 8 x 8 pixels
    public static double deviation(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        if (reference.height() < LEAST_SIDE || reference.width() < LEAST_SIDE) {
            throw new IllegalArgumentException("gradient similarity needs frames of at least 8 x 8 pixels, got "
                    + reference.width() + " x " + reference.height());
        }
        return IntStream.range(0, reference.count())
                .parallel()
                .mapToDouble(i -> deviation(gradients(halved(reference, i)), gradients(halved(test, i))))
                .average()
                .orElseThrow();
    }

    private record Plane(int width, int height, double[] values) {
        double at(int x, int y) {
            return values[y * width + x];
        }
    }

    private static Plane halved(Frames frames, int index) {
        double[] pixels = ComparedClips.pixels(frames, index);
        int width = frames.width() / 2;
        int height = frames.height() / 2;
        double[] means = new double[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int upper = (2 * y * frames.width() + 2 * x) * 3;
                int lower = upper + frames.width() * 3;
                double sum = ComparedClips.luma(pixels, upper) + ComparedClips.luma(pixels, upper + 3);
                sum += ComparedClips.luma(pixels, lower) + ComparedClips.luma(pixels, lower + 3);
                means[y * width + x] = sum / 4;
            }
        }
        return new Plane(width, height, means);
    }

    private static double[] gradients(Plane plane) {
        int width = plane.width() - 2;
        int height = plane.height() - 2;
        double[] magnitudes = new double[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double across = 0;
                double down = 0;
                for (int k = 0; k < 3; k++) {
                    across += plane.at(x, y + k) - plane.at(x + 2, y + k);
                    down += plane.at(x + k, y) - plane.at(x + k, y + 2);
                }
                magnitudes[y * width + x] = Math.hypot(across, down) / 3;
            }
        }
        return magnitudes;
    }

    private static double deviation(double[] a, double[] b) {
        double[] similarity = new double[a.length];
        double mean = 0;
        for (int i = 0; i < a.length; i++) {
            similarity[i] = (2 * a[i] * b[i] + CONSTANT) / (a[i] * a[i] + b[i] * b[i] + CONSTANT);
            mean += similarity[i] / a.length;
        }
        double squares = 0;
        for (double value : similarity) {
            squares += (value - mean) * (value - mean);
        }
        return Math.sqrt(squares / (a.length - 1));
    }
}
