package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// How far the colours of two clips are apart, wherever in the picture they are: a sign of collapse that neither noise
/// nor motion hides.
public final class ColourDistance {

    private static final int BINS = 32;
    private static final int CHANNELS = 3;

    private ColourDistance() {}

    /// Total variation distance of the histograms of each channel over the whole clip, 32 bins of 8-bit values, mean
    /// over the channels: 0 for equal colours, 1 where none is shared. Clips may differ in size.
    public static double of(Frames reference, Frames test) {
        double[][] p = histograms(reference);
        double[][] q = histograms(test);
        double sum = 0;
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int bin = 0; bin < BINS; bin++) {
                sum += Math.abs(p[channel][bin] - q[channel][bin]);
            }
        }
        return sum / (2 * CHANNELS);
    }

    private static double[][] histograms(Frames frames) {
        long[][] counts = new long[CHANNELS][BINS];
        for (int i = 0; i < frames.count(); i++) {
            byte[] rgb = frames.rgb24(i);
            for (int at = 0; at < rgb.length; at++) {
                counts[at % CHANNELS][(rgb[at] & 0xFF) * BINS >> 8]++;
            }
        }
        double pixels = (double) frames.count() * frames.height() * frames.width();
        double[][] shares = new double[CHANNELS][BINS];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int bin = 0; bin < BINS; bin++) {
                shares[channel][bin] = counts[channel][bin] / pixels;
            }
        }
        return shares;
    }
}
