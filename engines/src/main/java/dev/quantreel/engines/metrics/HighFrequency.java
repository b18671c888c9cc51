package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// Tells pictures from noise: a collapsed generation keeps its consistency scores while its frames turn to noise.
public final class HighFrequency {

    private static final int CHANNELS = 3;

    private HighFrequency() {}

    /// Share of the pictures' energy that a 3 x 3 binomial blur (1 2 1) takes away: mean squared difference to the
    /// blurred picture over the variance, inner pixels only, all channels. 0 for flat pictures, 0.64 for white
    /// noise.
    public static double share(Frames frames) {
        if (frames.height() < 3 || frames.width() < 3) {
            throw new IllegalArgumentException("the high-frequency share needs frames of at least 3 x 3 pixels, got "
                    + frames.width() + " x " + frames.height());
        }
        double removed = 0;
        double variance = 0;
        for (int i = 0; i < frames.count(); i++) {
            double[] pixels = ComparedClips.pixels(frames, i);
            for (int channel = 0; channel < CHANNELS; channel++) {
                Energy energy = energy(pixels, channel, frames.height(), frames.width());
                removed += energy.removed();
                variance += energy.variance();
            }
        }
        return variance == 0 ? 0 : removed / variance;
    }

    private record Energy(double removed, double variance) {}

    private static Energy energy(double[] pixels, int channel, int height, int width) {
        int row = width * CHANNELS;
        double sum = 0;
        double squares = 0;
        double removed = 0;
        for (int y = 1; y < height - 1; y++) {
            for (int x = 1; x < width - 1; x++) {
                int at = y * row + x * CHANNELS + channel;
                double value = pixels[at];
                double blurred =
                        (binomial(pixels, at - row) + 2 * binomial(pixels, at) + binomial(pixels, at + row)) / 16;
                sum += value;
                squares += value * value;
                removed += (value - blurred) * (value - blurred);
            }
        }
        double count = (height - 2.0) * (width - 2.0);
        double mean = sum / count;
        return new Energy(removed / count, Math.max(0, squares / count - mean * mean));
    }

    private static double binomial(double[] pixels, int at) {
        return pixels[at - CHANNELS] + 2 * pixels[at] + pixels[at + CHANNELS];
    }
}
