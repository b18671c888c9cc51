package dev.quantreel.engines.metrics;

import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;

/// How the frames of a clip relate to one another: the cosine of each pair, and a softmax over each row of that matrix
/// (Q-VDiT, equations 13 and 14; its code mixes frames with channels, this does not). Immutable.
///
/// A frame of zeros has cosine 0 with every frame, itself included. NaN in a frame makes every divergence NaN.
public final class TemporalDistribution {

    /// Row i: how much frame i is like each frame; adds up to 1.
    private final double[][] rows;

    private TemporalDistribution(double[][] rows) {
        this.rows = rows;
    }

    /// Of latent frames or velocities.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`; a frame is its values in all channels
    /// @throws IllegalArgumentException when it has another type or shape
    public static TemporalDistribution of(Tensor latent) {
        if (latent.dtype() != DType.F32
                || latent.shape().rank() != 5
                || latent.shape().dim(0) != 1
                || latent.elements() == 0) {
            throw new IllegalArgumentException("expected a latent F32 [1, channels, frames, height, width], got "
                    + latent.dtype() + latent.shape());
        }
        int channels = Math.toIntExact(latent.shape().dim(1));
        int count = Math.toIntExact(latent.shape().dim(2));
        float[] values = Conversions.toFloatArray(latent);
        int cells = values.length / (channels * count);
        double[][] frames = new double[count][channels * cells];
        for (int channel = 0; channel < channels; channel++) {
            for (int frame = 0; frame < count; frame++) {
                int from = (channel * count + frame) * cells;
                for (int cell = 0; cell < cells; cell++) {
                    frames[frame][channel * cells + cell] = values[from + cell];
                }
            }
        }
        return ofFrames(frames);
    }

    /// Of pictures, by their pixels in [0, 1].
    public static TemporalDistribution of(Frames pictures) {
        double[][] frames = new double[pictures.count()][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = ComparedClips.pixels(pictures, i);
        }
        return ofFrames(frames);
    }

    private static TemporalDistribution ofFrames(double[][] frames) {
        double[] norms = new double[frames.length];
        for (int i = 0; i < frames.length; i++) {
            norms[i] = Math.sqrt(dot(frames[i], frames[i]));
        }
        double[][] rows = new double[frames.length][frames.length];
        for (int i = 0; i < frames.length; i++) {
            double sum = 0;
            for (int j = 0; j < frames.length; j++) {
                double norm = norms[i] * norms[j];
                rows[i][j] = Math.exp(norm == 0 ? 0 : dot(frames[i], frames[j]) / norm);
                sum += rows[i][j];
            }
            for (int j = 0; j < frames.length; j++) {
                rows[i][j] /= sum;
            }
        }
        return new TemporalDistribution(rows);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /// Frames of the clip.
    public int count() {
        return rows.length;
    }

    /// The share of frame `to` in the row of frame `from`.
    public double probability(int from, int to) {
        return rows[from][to];
    }

    /// The temporal maintenance distillation of Q-VDiT as a distance, reference first: mean over the frames of the
    /// Kullback-Leibler divergence of a test's row from this one's. 0 when the frames relate to one another alike.
    ///
    /// @throws IllegalArgumentException when the test has another number of frames
    public double divergence(TemporalDistribution test) {
        if (test.count() != count()) {
            throw new IllegalArgumentException(
                    "clips of " + count() + " and " + test.count() + " frames cannot be compared over time");
        }
        double sum = 0;
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows.length; j++) {
                sum += rows[i][j] * Math.log(rows[i][j] / test.rows[i][j]);
            }
        }
        return sum / rows.length;
    }
}
