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

    /// Temporal maintenance distillation of Q-VDiT as a distance: cosines between all pairs of frames, a softmax over
    /// each row, and the mean over the rows of the Kullback-Leibler divergence of the test's from the reference's.
    // 0
    /// when the frames relate to one another alike.
    public static double maintenanceDivergence(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        double[][] p = frameAffinities(reference);
        double[][] q = frameAffinities(test);
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            for (int j = 0; j < p.length; j++) {
                sum += p[i][j] * Math.log(p[i][j] / q[i][j]);
            }
        }
        return sum / p.length;
    }

    /// Row-wise softmax of the cosine matrix; an all-black frame has cosine 0 to every other.
    private static double[][] frameAffinities(Frames frames) {
        int count = frames.count();
        double[][] pixels = new double[count][];
        double[] norms = new double[count];
        for (int i = 0; i < count; i++) {
            pixels[i] = ComparedClips.pixels(frames, i);
            norms[i] = Math.sqrt(dot(pixels[i], pixels[i]));
        }
        double[][] rows = new double[count][count];
        for (int i = 0; i < count; i++) {
            double sum = 0;
            for (int j = 0; j < count; j++) {
                double norm = norms[i] * norms[j];
                rows[i][j] = Math.exp(norm == 0 ? 0 : dot(pixels[i], pixels[j]) / norm);
                sum += rows[i][j];
            }
            for (int j = 0; j < count; j++) {
                rows[i][j] /= sum;
            }
        }
        return rows;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double meanAbsoluteDifference(byte[] a, byte[] b) {
        long sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((a[i] & 0xFF) - (b[i] & 0xFF));
        }
        return (double) sum / a.length;
    }
}
