package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.stream.IntStream;

/// Structural similarity over five scales (MS-SSIM; Wang, Simoncelli and Bovik, 2003), each half of the one before by
/// means of 2 x 2 pixels: window and constants of [Ssim], contrast and structure of every scale and luminance of the
/// last, to the powers 0.0448, 0.2856, 0.3001, 0.2363 and 0.1333; negative factors are 0. Per RGB channel and frame,
/// then the mean.
public final class MultiScaleSsim {

    /// Rows and columns a frame must have: the window fits the smallest scale.
    public static final int LEAST_SIDE = Ssim.WINDOW << 4;

    private static final double[] POWERS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
    private static final int CHANNELS = 3;

    private MultiScaleSsim() {}

    /// Mean over the frames; NaN where they are smaller than 176 x 176 pixels.
    ///
    /// @throws IllegalArgumentException when the clips differ in shape
    public static double of(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        if (Math.min(reference.height(), reference.width()) < LEAST_SIDE) {
            return Double.NaN;
        }
        return IntStream.range(0, reference.count() * CHANNELS)
                .parallel()
                .mapToDouble(i -> plane(
                        new Plane(reference, i / CHANNELS, i % CHANNELS), new Plane(test, i / CHANNELS, i % CHANNELS)))
                .average()
                .orElseThrow();
    }

    private static double plane(Plane reference, Plane test) {
        Plane x = reference;
        Plane y = test;
        double product = 1;
        for (int scale = 0; scale < POWERS.length; scale++) {
            Ssim.Means means = Ssim.means(x.values, y.values, x.height, x.width);
            boolean last = scale == POWERS.length - 1;
            product *= Math.pow(Math.max(0, last ? means.similarity() : means.structure()), POWERS[scale]);
            if (!last) {
                x = x.halved();
                y = y.halved();
            }
        }
        return product;
    }

    private static final class Plane {

        private final int height;
        private final int width;
        private final double[] values;

        private Plane(int height, int width) {
            this.height = height;
            this.width = width;
            this.values = new double[height * width];
        }

        Plane(Frames frames, int index, int channel) {
            this(frames.height(), frames.width());
            double[] pixels = ComparedClips.pixels(frames, index);
            for (int i = 0; i < values.length; i++) {
                values[i] = pixels[CHANNELS * i + channel];
            }
        }

        Plane halved() {
            Plane half = new Plane(height / 2, width / 2);
            for (int y = 0; y < half.height; y++) {
                for (int x = 0; x < half.width; x++) {
                    int upper = 2 * y * width + 2 * x;
                    double sum = values[upper] + values[upper + 1] + values[upper + width] + values[upper + width + 1];
                    half.values[y * half.width + x] = sum / 4;
                }
            }
            return half;
        }
    }
}
