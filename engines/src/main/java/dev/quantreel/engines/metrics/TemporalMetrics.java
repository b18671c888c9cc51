package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.stream.IntStream;

/// How a clip behaves over time.
public final class TemporalMetrics {

    private TemporalMetrics() {}

    /// VBench's temporal flickering: (255 − mean absolute difference of neighbouring 8-bit frames) / 255. 1 is a still
    /// picture; a clip of one frame is still.
    public static double flickerScore(Frames frames) {
        double mean = IntStream.range(1, frames.count())
                .mapToDouble(i -> meanAbsoluteDifference(frames.rgb24(i - 1), frames.rgb24(i)))
                .average()
                .orElse(0);
        return (255 - mean) / 255;
    }

    /// [TemporalDistribution#divergence] of the frames' pixels.
    ///
    /// @throws IllegalArgumentException when the clips have different shapes
    public static double maintenanceDivergence(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        return TemporalDistribution.of(reference).divergence(TemporalDistribution.of(test));
    }

    private static double meanAbsoluteDifference(byte[] a, byte[] b) {
        long sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((a[i] & 0xFF) - (b[i] & 0xFF));
        }
        return (double) sum / a.length;
    }
}
