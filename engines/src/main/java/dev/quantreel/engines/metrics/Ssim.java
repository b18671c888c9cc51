package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.List;
import java.util.stream.IntStream;

/// Structural similarity (Wang et al., 2004) on frames in [0, 1]: 11 x 11 Gaussian window of σ 1.5, only where it
/// fits whole, per RGB channel and then the mean, in double precision; C1 = 0.01², C2 = 0.03².
///
/// @param mean over the frames
/// @param perFrame value of each frame
public record Ssim(double mean, List<Double> perFrame) {

    /// Rows and columns of the window, and the least a frame may have.
    public static final int WINDOW = 11;

    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * 0.01;
    private static final double C2 = 0.03 * 0.03;
    private static final int CHANNELS = 3;

    public Ssim {
        perFrame = List.copyOf(perFrame);
    }

    /// @throws IllegalArgumentException when the clips differ in shape or are smaller than the window
    public static Ssim of(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        int height = reference.height();
        int width = reference.width();
        if (height < WINDOW || width < WINDOW) {
            throw new IllegalArgumentException(
                    "SSIM needs frames of at least 11 x 11 pixels, got " + width + " x " + height);
        }
        List<Double> perFrame = IntStream.range(0, reference.count())
                .parallel()
                .mapToObj(i -> frame(ComparedClips.pixels(reference, i), ComparedClips.pixels(test, i), height, width))
                .toList();
        double mean =
                perFrame.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        return new Ssim(mean, perFrame);
    }

    private static double frame(double[] reference, double[] test, int height, int width) {
        double sum = 0;
        for (int channel = 0; channel < CHANNELS; channel++) {
            sum += means(plane(reference, channel), plane(test, channel), height, width)
                    .similarity();
        }
        return sum / CHANNELS;
    }

    /// Means over all places of the window.
    ///
    /// @param similarity luminance times contrast and structure
    /// @param structure contrast and structure alone
    record Means(double similarity, double structure) {}

    /// Of two planes of one channel.
    static Means means(double[] x, double[] y, int height, int width) {
        Window window = new Window(height, width);
        double[] meanX = window.blur(x);
        double[] meanY = window.blur(y);
        double[] squareX = window.blur(product(x, x));
        double[] squareY = window.blur(product(y, y));
        double[] cross = window.blur(product(x, y));
        double similarity = 0;
        double structure = 0;
        for (int i = 0; i < meanX.length; i++) {
            double varianceX = squareX[i] - meanX[i] * meanX[i];
            double varianceY = squareY[i] - meanY[i] * meanY[i];
            double covariance = cross[i] - meanX[i] * meanY[i];
            double luminance = (2 * meanX[i] * meanY[i] + C1) / (meanX[i] * meanX[i] + meanY[i] * meanY[i] + C1);
            double contrast = (2 * covariance + C2) / (varianceX + varianceY + C2);
            similarity += luminance * contrast;
            structure += contrast;
        }
        return new Means(similarity / meanX.length, structure / meanX.length);
    }

    private static double[] plane(double[] pixels, int channel) {
        double[] plane = new double[pixels.length / CHANNELS];
        for (int i = 0; i < plane.length; i++) {
            plane[i] = pixels[CHANNELS * i + channel];
        }
        return plane;
    }

    private static double[] product(double[] a, double[] b) {
        double[] product = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            product[i] = a[i] * b[i];
        }
        return product;
    }

    /// The Gaussian window over planes of one size, rows first, then columns.
    private static final class Window {

        private final int height;
        private final int width;
        private final double[] weights = new double[WINDOW];

        Window(int height, int width) {
            this.height = height;
            this.width = width;
            double sum = 0;
            for (int i = 0; i < WINDOW; i++) {
                int distance = i - WINDOW / 2;
                weights[i] = Math.exp(-distance * distance / (2 * SIGMA * SIGMA));
                sum += weights[i];
            }
            for (int i = 0; i < WINDOW; i++) {
                weights[i] /= sum;
            }
        }

        /// Weighted means at all places where the window fits: `(height - 10) * (width - 10)` values.
        double[] blur(double[] plane) {
            int columns = width - WINDOW + 1;
            double[] rows = new double[height * columns];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < columns; x++) {
                    double sum = 0;
                    for (int k = 0; k < WINDOW; k++) {
                        sum += weights[k] * plane[y * width + x + k];
                    }
                    rows[y * columns + x] = sum;
                }
            }
            double[] result = new double[(height - WINDOW + 1) * columns];
            for (int i = 0; i < result.length; i++) {
                double sum = 0;
                for (int k = 0; k < WINDOW; k++) {
                    sum += weights[k] * rows[i + k * columns];
                }
                result[i] = sum;
            }
            return result;
        }
    }
}
