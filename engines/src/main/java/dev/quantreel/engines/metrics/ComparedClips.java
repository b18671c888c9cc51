package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// Checks shared by the metrics of two clips, and pixels as doubles.
final class ComparedClips {

    private static final double RED = 0.299;
    private static final double GREEN = 0.587;
    private static final double BLUE = 0.114;

    private ComparedClips() {}

    static void requireEqualShape(Frames reference, Frames test) {
        if (!reference.rgb().shape().equals(test.rgb().shape())) {
            throw new IllegalArgumentException("clips of " + reference.rgb().shape() + " and "
                    + test.rgb().shape() + " frames x height x width x channels cannot be compared");
        }
    }

    /// One picture clamped to [0, 1], NaN as 0, as encoders take it.
    static double[] pixels(Frames frames, int index) {
        float[] stored = frames.frame(index);
        double[] values = new double[stored.length];
        for (int i = 0; i < stored.length; i++) {
            values[i] = Float.isNaN(stored[i]) ? 0 : Math.clamp(stored[i], 0f, 1f);
        }
        return values;
    }

    /// Of the pixel whose values begin at `at`.
    static double luma(double[] pixels, int at) {
        return RED * pixels[at] + GREEN * pixels[at + 1] + BLUE * pixels[at + 2];
    }

    static double meanSquare(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = a[i] - b[i];
            sum += difference * difference;
        }
        return sum / a.length;
    }
}
